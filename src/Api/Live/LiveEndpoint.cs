using System.Net;
using Gemini.Live.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Attach;

namespace Orchestrator.Api.Live;

/// <summary>
/// Google's Live endpoint at our address: <c>/ws/google.ai.generativelanguage.{v1|v1beta|v1alpha}.GenerativeService.BidiGenerateContent</c>,
/// with <c>Constrained</c> too, and with the two leading slashes that <c>@google/genai</c> dials.
/// </summary>
internal static class LiveEndpoint
{
    /// <summary>v1 is what <c>@google/genai</c> 3.x dials unless told otherwise.</summary>
    private static readonly HashSet<string> Methods = new(
        from version in new[] { "v1", "v1beta", "v1alpha" }
        from suffix in new[] { "", "Constrained" }
        select $"google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent{suffix}",
        StringComparer.Ordinal);

    public static void AddLiveEndpoint(this IServiceCollection services)
    {
        services.AddOptions<LiveOptions>().BindConfiguration(LiveOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LiveOptions>, LiveOptionsValidator>();
        services.AddSingleton<LiveEdges>();
        services.AddSingleton<EdgeMetrics>();
        services.AddSingleton(s => new LiveEdgeServices(
            s.GetRequiredService<IConversationHost>(),
            s.GetRequiredService<ResumptionTokens>(),
            s.GetRequiredService<IOptions<LiveOptions>>().Value,
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<EdgeMetrics>(),
            s.GetRequiredService<ILogger<LiveEdge>>()));
    }

    /// <summary>Must stand before routing: a path that begins with two slashes matches no route.</summary>
    public static void UseSingleLeadingSlash(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Request.Path.Value is ['/', '/', ..] path)
        {
            context.Request.Path = "/" + path.TrimStart('/');
        }

        return next(context);
    });

    public static void MapLive(this IEndpointRouteBuilder app) => app.MapGet("/ws/{method}", ServeAsync);

    private static async Task ServeAsync(HttpContext context, string method)
    {
        if (!Methods.Contains(method))
        {
            await Refuse(context, HttpStatusCode.NotFound, "There is no such live method here.");
            return;
        }

        var keys = context.RequestServices.GetRequiredService<TenantKeys>();
        if (!keys.TryAuthenticate(context.Request, out var tenant))
        {
            await Refuse(context, HttpStatusCode.Unauthorized, "API key not valid. Please pass a valid API key as x-goog-api-key or ?key=.");
            return;
        }

        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        string? socketKey = context.Request.Headers.SecWebSocketKey;
        if (upgrade is not { IsUpgradableRequest: true } || string.IsNullOrEmpty(socketKey)
            || context.Request.Headers.SecWebSocketVersion != "13"
            || !string.Equals(context.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.Headers.SecWebSocketVersion = "13";
            await Refuse(context, HttpStatusCode.UpgradeRequired, "This method is a WebSocket.");
            return;
        }

        var edges = context.RequestServices.GetRequiredService<LiveEdges>();
        if (edges.IsDraining)
        {
            await Refuse(context, HttpStatusCode.ServiceUnavailable, "This server is stopping; try another.");
            return;
        }

        var services = context.RequestServices.GetRequiredService<LiveEdgeServices>();
        var conversation = new ConversationId(Guid.CreateVersion7(services.Clock.GetUtcNow()));
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = LiveServerSocket.AcceptKey(socketKey);
        context.Response.Headers["x-conversation-id"] = conversation.ToString();
        await using var upgraded = await upgrade.UpgradeAsync();
        await using var edge = new LiveEdge(services, TransportStream.Of(context.Features, upgraded), tenant, conversation);
        edges.Add(edge);
        var clean = await edge.RunAsync(context.RequestAborted);
        edges.Remove(edge);
        if (!clean)
        {
            // Closing a stream in order waits for the peer; one that is gone would hold the request until the process ends.
            context.Abort();
        }
    }

    private static Task Refuse(HttpContext context, HttpStatusCode status, string detail) =>
        Results.Problem(detail, statusCode: (int)status, type: $"urn:orchestrator:problem:live-{(int)status}").ExecuteAsync(context);
}
