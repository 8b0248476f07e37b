namespace Orchestrator.Silo.Hosting;

/// <summary>
/// Looks every second whether the silo has been without its database for too long (DESIGN §10). Then it serves on who is
/// attached, and lets go of who is not: nobody could tell it that they are somebody else's by now.
/// </summary>
internal sealed class IsolationWatch : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly ITimer _timer;

    public IsolationWatch(SiloMembership membership, ConversationHost host, TimeSpan after, TimeProvider clock) => _timer = clock.CreateTimer(
        _ =>
        {
            if (membership.Away >= after)
            {
                host.Isolate(after);
            }
        },
        state: null,
        Every,
        Every);

    public ValueTask DisposeAsync() => _timer.DisposeAsync();
}
