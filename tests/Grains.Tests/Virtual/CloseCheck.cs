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
                Assert.True(quota || LossesOfOneTurn(facts) >= 4 || AwayFor(conversation) >= Budget, $"Closed with {close}, though upstream was away for {AwayFor(conversation)} only.");
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

    /// <summary>Most connections that were lost without a turn settled between them.</summary>
    private static int LossesOfOneTurn(IEnumerable<ConversationFact> facts)
    {
        var (most, now) = (0, 0);
        foreach (var fact in facts)
        {
            now = fact switch
            {
                LinkLost { Kind: not ("closedByUs" or "ownerLost") } => now + 1,
                TurnCommitted { Ending: not TurnEnding.Cut } => 0,
                _ => now,
            };
            most = Math.Max(most, now);
        }

        return most;
    }
}
