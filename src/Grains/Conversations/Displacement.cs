using Orchestrator.Attach;

namespace Orchestrator.Grains.Conversations;

/// <summary>
/// Clients that keep taking one conversation from each other (DESIGN §6.7). Counted is only who was really there: a client that
/// is sent away and answers the close. The socket that a phone leaves behind when it changes its network answers nothing, so
/// that a client may come back as often as its network makes it.
/// </summary>
internal static class Displacement
{
    /// <summary>A client of the past has gone.</summary>
    public static void Gone(Transition t, ConversationInput.ClientDetached detached)
    {
        if (detached.Generation >= t.State.Attachments || (detached.Code, detached.Reason) != (EdgeClose.Superseded.Code, EdgeClose.Superseded.Reason))
        {
            return;
        }

        t.Count("clientDisplaced");
        var times = t.State.Displacements.Add(t.Now);
        t.State = t.State with { Displacements = times.RemoveRange(0, Math.Max(0, times.Length - t.State.Rules.MaxDisplacements)) };
    }

    /// <returns>True when the client that is there is to be left alone for now.</returns>
    public static bool Refuses(ConversationState state, long nowMs) =>
        state.Edge is EdgeState.Attached
        && state.Displacements.Length >= state.Rules.MaxDisplacements
        && nowMs - state.Displacements[0] < state.Rules.DisplacementWindowMs;
}
