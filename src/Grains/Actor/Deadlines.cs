using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// One deadline per kind; a newer one replaces the older. Each has a timer of its own that knows its generation: a callback
/// that was already on its way when its deadline was replaced must not pass for the new one.
/// </summary>
internal sealed class Deadlines(TimeProvider clock, Action<DeadlineKind, int> elapsed) : IDisposable
{
    private readonly ITimer?[] _timers = new ITimer?[Enum.GetValues<DeadlineKind>().Length];

    public void Arm(DeadlineKind kind, int generation, TimeSpan due)
    {
        Disarm(kind);
        _timers[(int)kind] = clock.CreateTimer(
            _ => elapsed(kind, generation),
            state: null,
            due < TimeSpan.Zero ? TimeSpan.Zero : due,
            Timeout.InfiniteTimeSpan);
    }

    public void Disarm(DeadlineKind kind)
    {
        _timers[(int)kind]?.Dispose();
        _timers[(int)kind] = null;
    }

    public void Dispose()
    {
        foreach (var timer in _timers)
        {
            timer?.Dispose();
        }
    }
}
