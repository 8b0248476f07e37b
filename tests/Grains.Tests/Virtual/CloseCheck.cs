using Xunit;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>What the ladder cannot save ends with 1011 and the true reason.</summary>
internal static class CloseCheck
{
    /// <summary>Time budget of a recovery, less the wait before a try that would come too late.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    public static void Check(VirtualConversation conversation)
    {
        var close = conversation.Client.Closed!;
        var facts = conversation.Journal.Decided;
        if (facts.OfType<LinkLost>().LastOrDefault() is { Cause: "badSetup" or "modelMissing" or "auth" } refused && !facts.OfType<TurnCommitted>().Any(turn => turn.Ending == TurnEnding.Completed))
        {
            // A setup that never worked: upstream's own words.
            Assert.Equal((refused.Code, refused.Reason), (close.Code, close.Reason));
            return;
        }

        Assert.Equal(1011, close.Code);
        switch (close.Reason)
        {
            case "The turn could not be stored; resume the session to continue.":
                Assert.True(conversation.Schedule.JournalOutage is var (from, to) && (to - from).TotalMilliseconds + (2 * conversation.Schedule.JournalDelay.MaxMs) > 9_000, "The journal worked.");
                break;
            default:
                Assert.NotEmpty(close.Reason);
                var quota = facts.OfType<LinkLost>().LastOrDefault() is { Cause: "quota" };
                var often = close.Reason.StartsWith("The connection was lost too often in the same turn", StringComparison.Ordinal) && LossesOfTheTurn(facts) >= 4;
                Assert.True(quota || often || AwayFor(conversation) >= Budget, $"Closed with {close}, though upstream was away for {AwayFor(conversation)} only, and {LossesOfTheTurn(facts)} connections were lost in the turn.");
                break;
        }
    }

    /// <summary>How long there had been no connection when the client was closed.</summary>
    private static TimeSpan AwayFor(VirtualConversation conversation)
    {
        var last = conversation.Upstream.Links.FindLast(link => link.ReadyAt is not null);
        var since = last is null ? conversation.Upstream.Links[0].DialledAt : last.Ended?.At ?? conversation.Client.ClosedAt;
        return conversation.Client.ClosedAt - since;
    }

    /// <summary>
    /// Connections that were lost since a turn was settled, or given up because the model stalled. Those that never came to
    /// be are not among them, and an interaction that is to go on has settled nothing.
    /// </summary>
    private static int LossesOfTheTurn(IEnumerable<ConversationFact> facts)
    {
        var (losses, live, before) = (0, 0, default(ConversationFact));
        foreach (var fact in facts)
        {
            switch (fact)
            {
                case LinkOpened opened:
                    live = opened.Link;
                    break;
                case LinkLost lost when lost.Link == live && lost is { Kind: not ("closedByUs" or "ownerLost") } or { Kind: "closedByUs", Reason: "stall" }:
                    losses++;
                    break;
                case TurnCommitted { Ending: not TurnEnding.Cut, InteractionOpen: false }:
                    // What a loss has settled ended with it: it hit the next one, which the user had begun.
                    losses = before is LinkLost ? Math.Min(losses, 1) : 0;
                    break;
            }

            before = fact;
        }

        return losses;
    }
}
