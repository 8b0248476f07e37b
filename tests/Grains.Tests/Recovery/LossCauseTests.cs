using Gemini.Live.Closes;
using Gemini.Live.Links;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>The same close at different moments of a conversation: the phase comes from the link region.</summary>
public sealed class LossCauseTests
{
    private const string InvalidArgument = "Request contains an invalid argument.";
    private const string NotFound = "Requested entity was not found.";

    [Fact]
    public void InvalidArgument_WithAHandle_IsTheHandle() =>
        Assert.Equal("handleRejected", Cause(Scenario.Live().WholeTurn().Lost().Lost(1007, InvalidArgument)));

    [Fact]
    public void InvalidArgument_BeforeSetupComplete_IsTheSetup() =>
        Assert.Equal("badSetup", Cause(new Scenario().Lost(1007, InvalidArgument)));

    [Fact]
    public void InvalidArgument_OnALinkThatAnswered_IsAFrame()
    {
        var s = Scenario.Live().WholeTurn().Audio(200).Lost(1007, InvalidArgument);
        Assert.Equal("badFrame", Cause(s));
        Assert.IsType<ResumePlan.Resume>(s.Expect<Effect.OpenLink>().Plan);
    }

    [Fact]
    public void SessionNotFound_ByAnAnsweringLink_IsWorthAnotherResume()
    {
        var s = Scenario.Live().WholeTurn().Lost().Ready().Spoken(40).Lost(1008, "BidiGenerateContent session not found");
        Assert.Equal("transient", Cause(s));
        Assert.IsType<ResumePlan.Resume>(s.Expect<Effect.OpenLink>().Plan);
    }

    [Fact]
    public void SessionNotFound_ByAResumedLinkThatNeverAnswered_DropsTheHandle()
    {
        var s = Scenario.Live().WholeTurn().Lost().Ready().Lost(1008, "BidiGenerateContent session not found");
        Assert.Equal("handleRejected", Cause(s));
        Assert.Null(s.State.Checkpoint);
        Assert.IsType<ResumePlan.Seed>(s.Expect<Effect.OpenLink>().Plan);
    }

    [Fact]
    public void NotFound_WithoutAHandle_IsTheModel() => Assert.Equal("modelMissing", Cause(new Scenario().Lost(1008, NotFound)));

    [Fact]
    public void DeadlineExpired_OnALiveLink_IsItsTime_AndOnAResumingOneAnOutage()
    {
        var s = Scenario.Live().WholeTurn().Lost(1011, "Deadline expired before operation could complete.");
        Assert.Equal("deadline", Cause(s));
        Assert.Equal("unavailable", Cause(s.Lost(1011, "Deadline expired before operation could complete.")));
    }

    [Fact]
    public void Answered_IsForgottenWithTheLink()
    {
        var s = Scenario.Live().WholeTurn();
        Assert.True(Assert.IsType<LinkState.Live>(s.State.Link).Answered);
        s.Lost().Ready();
        Assert.False(Assert.IsType<LinkState.Live>(s.State.Link).Answered);
    }

    [Theory]
    [InlineData(4999, "never seen", 1)]
    [InlineData(1011, "Internal error encountered.", 0)]
    public void Close_ThatNoRowNames_IsCounted(int code, string reason, int times)
    {
        var s = Scenario.Live().WholeTurn().Lost(code, reason);
        Assert.Equal("transient", Cause(s));
        Assert.Equal(times, s.Last.OfType<Effect.Count>().Count(c => c.What == "unknownClose"));
    }

    [Theory]
    [InlineData(LinkLossKind.NetworkLost, "network")]
    [InlineData(LinkLossKind.ProtocolViolation, "transient")]
    [InlineData(LinkLossKind.ClosedByUs, "clean")]
    public void Loss_WithoutACloseFrame_IsResumed(LinkLossKind kind, string cause)
    {
        var s = Scenario.Live().WholeTurn().Lost(kind: kind);
        Assert.Equal(cause, Cause(s));
        Assert.IsType<ResumePlan.Resume>(s.Expect<Effect.OpenLink>().Plan);
    }

    private static string Cause(Scenario s) => s.Last.OfType<Effect.Append>().Select(a => a.Fact).OfType<LinkLost>().Single().Cause;
}
