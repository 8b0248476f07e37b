using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>Two clients that keep taking the conversation from each other are slowed down; one with a bad network is not.</summary>
public sealed class DisplacementTests
{
    [Fact]
    public void ClientsThatWereAlive_AreCounted_AndTheNextNewcomerIsRefused()
    {
        var s = Scenario.Live();
        for (var i = 1; i <= 6; i++)
        {
            Assert.False(Displacement.Refuses(s.State, s.Now));
            Taken(s.After(100));
            Assert.Contains(s.Last.OfType<Effect.Count>(), count => count.What == "clientDisplaced");
        }

        Assert.True(Displacement.Refuses(s.State, s.Now));
    }

    [Fact]
    public void Refusal_LastsUntilTheWindowHasPassed_ForEachDisplacementAnew()
    {
        var s = Scenario.Live();
        for (var i = 1; i <= 6; i++)
        {
            Taken(s.After(1_000));
        }

        s.After(24_999);
        Assert.True(Displacement.Refuses(s.State, s.Now));
        s.After(1);
        Assert.False(Displacement.Refuses(s.State, s.Now));
        Taken(s);
        Assert.True(Displacement.Refuses(s.State, s.Now));
        Assert.Equal(6, s.State.Displacements.Length);
    }

    [Fact]
    public void NobodyAttached_IsNobodyToBeLeftAlone()
    {
        var s = Scenario.Live();
        for (var i = 1; i <= 6; i++)
        {
            Taken(s);
        }

        s.Detach(code: null);
        Assert.False(Displacement.Refuses(s.State, s.Now));
    }

    [Theory]
    [InlineData(null, "the network is gone")]
    [InlineData(1000, "")]
    [InlineData(1008, "Output was left unread for too long; resume the session to continue.")]
    public void ClientsThatDidNotAnswerTheClose_AreNotCounted(int? code, string reason)
    {
        var s = Scenario.Live();
        for (var i = 1; i <= 20; i++)
        {
            s.Attach().Apply(new ConversationInput.ClientDetached(s.State.Attachments - 1, code, reason));
            Assert.Equal("staleDetach", s.Expect<Effect.Count>().What);
        }

        Assert.False(Displacement.Refuses(s.State, s.Now));
    }

    /// <summary>A newer client comes, and the older one answers that it has been sent away.</summary>
    private static void Taken(Scenario s) =>
        s.Attach().Apply(new ConversationInput.ClientDetached(s.State.Attachments - 1, EdgeClose.Superseded.Code, EdgeClose.Superseded.Reason));
}
