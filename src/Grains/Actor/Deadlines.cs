using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>One timer per kind of deadline; a newer deadline of a kind replaces the older one.</summary>
internal sealed class Deadlines(TimeProvider clock, Action<DeadlineKind, int> elapsed) : IDisposable
{
    private readonly Slot?[] _slots = new Slot?[Enum.GetValues<DeadlineKind>().Length];

    public void Arm(DeadlineKind kind, int generation, TimeSpan due)
    {
        var slot = _slots[(int)kind] ??= new Slot(this, kind);
        Volatile.Write(ref slot.Generation, generation);
        slot.Timer ??= clock.CreateTimer(static s => ((Slot)s!).Fire(), slot, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        slot.Timer.Change(due < TimeSpan.Zero ? TimeSpan.Zero : due, Timeout.InfiniteTimeSpan);
    }

    public void Disarm(DeadlineKind kind) => _slots[(int)kind]?.Timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot?.Timer?.Dispose();
        }
    }

    private sealed class Slot(Deadlines owner, DeadlineKind kind)
    {
        public int Generation;
        public ITimer? Timer;

        public void Fire() => owner.Elapsed(kind, Volatile.Read(ref Generation));
    }

    private void Elapsed(DeadlineKind kind, int generation) => elapsed(kind, generation);
}
