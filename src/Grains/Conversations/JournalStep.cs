using Orchestrator.Attach;
using Orchestrator.Grains.Recovery;

namespace Orchestrator.Grains.Conversations;

/// <summary>What durable, overdue and refused writes mean (P3, P4).</summary>
internal static class JournalStep
{
    public static void Committed(Transition t, long position)
    {
        if (t.State.AwaitedCommit != 0 && position >= t.State.AwaitedCommit)
        {
            t.State = t.State with { AwaitedCommit = 0 };
            t.Disarm(DeadlineKind.Commit);
        }

        var trim = t.State.PendingTrim;
        if (trim.Fact != 0 && position >= trim.Fact)
        {
            t.State = t.State with { PendingTrim = default };
            t.Emit(new Effect.TrimInput(trim.Input));
            RotationStep.Consider(t);
        }
    }

    public static void CommitOverdue(Transition t)
    {
        LinkStep.Close(t);
        t.CloseClient(new EdgeClose(1011, "The turn could not be stored; resume the session to continue."), atOnce: true);
        t.Emit(new Effect.Release("a commit was overdue"));
    }

    public static void OwnershipLost(Transition t)
    {
        LinkStep.Close(t);
        t.CloseClient(EdgeClose.OwnerLost, atOnce: true);
        t.State = t.State with { Ended = true };
        t.Emit(new Effect.Release("ownership was lost"));
    }
}
