namespace Orchestrator.Api.Composition;

/// <summary>
/// Who may run on the threads that receive: the live endpoint, which never blocks and is done with a frame in microseconds.
/// Everything else that this server answers goes to the pool first, because a long transcript is milliseconds of every
/// conversation's audio.
/// </summary>
internal static class ReceivingThreads
{
    private const string Live = "/ws";

    /// <summary>Kestrel, too, leaves a connection's bytes to the thread that received them.</summary>
    public static void StayOnReceivingThread(this IWebHostBuilder host) =>
        host.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);

    /// <summary>Must stand before everything that answers.</summary>
    public static void UsePoolBesideLive(this IApplicationBuilder app) => app.Use(static async (context, next) =>
    {
        if (!context.Request.Path.StartsWithSegments(Live, StringComparison.Ordinal))
        {
            await Task.Yield();
        }

        await next(context);
    });
}
