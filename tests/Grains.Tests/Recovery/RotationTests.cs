using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>Planned replacements: when they begin, what they wait for, what comes before what.</summary>
public sealed class RotationTests
{
    [Theory]
    [InlineData(60_000)]
    [InlineData(1_000)]
    [InlineData(0)]
    public void GoAway_InAQuietMomentWithACheckpoint_RotatesAtOnce(long leftMs)
    {
        var s = GoAway(Scenario.Live().WholeTurn(), leftMs);
        Assert.Equal("rotation", Fact<LinkLost>(s).Reason);
        Assert.IsType<ResumePlan.Resume>(Assert.IsType<LinkState.Rotating>(s.State.Link).Next);
    }

    [Fact]
    public void Rotation_DialsAhead_ClosesTheOldSocket_AndPresentsTheHandleAfterItsEcho()
    {
        var s = GoAway(Scenario.Live().WholeTurn(), 10_000);
        Assert.Equal([typeof(Effect.PrepareLink), typeof(Effect.CloseLink)], s.Last.Where(effect => effect is Effect.PrepareLink or Effect.CloseLink or Effect.OpenLink).Select(effect => effect.GetType()));
        Assert.Equal(250, At(s, DeadlineKind.LinkClosing) - s.Now);
        s.After(20).Lost(1000);
        Assert.Equal("h1", Assert.IsType<ResumePlan.Resume>(s.Expect<Effect.OpenLink>().Plan).Checkpoint.Handle);
        Assert.DoesNotContain(DeadlineKind.LinkClosing, s.State.Armed.Keys);
        s.After(30).Ready();
        Assert.Equal(("rotation", "resume", 50), Fact<LinkRecovered>(s) is var fact ? (fact.Kind, fact.Rung, fact.GapMs) : default);
    }

    [Fact]
    public void GoAway_WithFiveMinutesLeft_WaitsUntilTheLastMinute()
    {
        var s = GoAway(Scenario.Live().WholeTurn(), 300_000).ExpectNo<Effect.CloseLink>();
        Assert.Equal(240_000, At(s, DeadlineKind.Rotate) - s.Now);
        s.After(240_000).Elapse(DeadlineKind.Rotate);
        Assert.IsType<LinkState.Rotating>(s.State.Link);
    }

    [Fact]
    public void GoAway_WhileTheModelSpeaks_WaitsForTheTurnsCheckpoint_DialsInPlayback()
    {
        var s = GoAway(Scenario.Live().WholeTurn().Audio(600).Audio(1_000, voiced: false).Transcribed("q").Spoken(400, "Yes."), 60_000);
        s.ExpectNo<Effect.CloseLink>().GenerationComplete().After(400);
        s.Elapse(DeadlineKind.Rotate).Expect<Effect.PrepareLink>();
        s.TurnComplete().ExpectNo<Effect.CloseLink>();
        s.Committed().Handle("h2").ExpectNo<Effect.CloseLink>();
        Assert.Equal("h2", Assert.IsType<ResumePlan.Resume>(Assert.IsType<LinkState.Rotating>(s.Committed().State.Link).Next).Checkpoint.Handle);
    }

    [Fact]
    public void Rotation_ThatIsDue_InterruptsTheUserButNotTheModel()
    {
        var speaking = GoAway(Scenario.Live().WholeTurn().Audio(600), 10_000).ExpectNo<Effect.CloseLink>();
        Assert.Equal(8_000, At(speaking, DeadlineKind.Rotate) - speaking.Now);
        speaking.After(8_000).Elapse(DeadlineKind.Rotate);
        Assert.IsType<ResumePlan.Resume>(Assert.IsType<LinkState.Rotating>(speaking.State.Link).Next);

        var answered = GoAway(Scenario.Live().WholeTurn().Audio(600).Spoken(400, "Yes."), 10_000).After(8_000).Elapse(DeadlineKind.Rotate);
        Assert.IsType<LinkState.Live>(answered.State.Link);
    }

    [Theory]
    [InlineData(1_000, 500)]
    [InlineData(4_000, 2_000)]
    [InlineData(10_000, 8_000)]
    public void Margin_BeforeTheEnd_IsTwoSeconds_OrHalfOfWhatIsLeft(long leftMs, long dueMs)
    {
        var s = GoAway(Scenario.Live().WholeTurn().Audio(600), leftMs);
        Assert.Equal(dueMs, At(s, DeadlineKind.Rotate) - s.Now);
    }

    [Fact]
    public void Silence_AfterTheAnnouncedEnd_IsTheEnd()
    {
        var s = GoAway(Scenario.Live().WholeTurn().Audio(600).Spoken(400, "Yes."), 10_000).After(8_000).Elapse(DeadlineKind.Rotate);
        Assert.Equal(2_500, At(s, DeadlineKind.Rotate) - s.Now);
        s.After(2_499).Elapse(DeadlineKind.Rotate);
        Assert.IsType<LinkState.Live>(s.State.Link);
        s.After(1).Elapse(DeadlineKind.Rotate);
        s.Expect<Effect.CloseLink>();
        Assert.Equal("deadline", Fact<LinkLost>(s).Cause);
        s.Expect<Effect.OpenLink>();
    }

    [Fact]
    public void SecondGoAway_OnlyBringsTheEndNearer()
    {
        var s = GoAway(GoAway(Scenario.Live().WholeTurn().Audio(600), 10_000), 60_000);
        Assert.Equal(s.Now + 10_000, ((LinkState.Live)s.State.Link).Rotation!.EndsAt);
        Assert.Equal(s.Now + 5_000, ((LinkState.Live)GoAway(s, 5_000).State.Link).Rotation!.EndsAt);
    }

    [Fact]
    public void Age_AloneRotates_AfterNineMinutes_AndWithoutACheckpointHalfAMinuteLater()
    {
        var s = Scenario.Live();
        var opened = s.Now;
        Assert.Equal(opened + 540_000, At(s, DeadlineKind.Rotate));
        s.Audio(600).Spoken(400, "Yes.").GenerationComplete().TurnComplete().Committed().Elapse(DeadlineKind.CheckpointHold).Audio(20);
        s.Spoken(20, "Yes.").GenerationComplete().TurnComplete().Committed();
        Assert.Null(s.State.Checkpoint);
        s.After(opened + 540_000 - s.Now).Elapse(DeadlineKind.Rotate);
        Assert.IsType<LinkState.Live>(s.State.Link);
        Assert.Equal(opened + 570_000, At(s, DeadlineKind.Rotate));
        s.After(30_000).Elapse(DeadlineKind.Rotate);
        Assert.IsType<ResumePlan.Seed>(Assert.IsType<LinkState.Rotating>(s.State.Link).Next);
    }

    [Fact]
    public void OpenCall_KeepsTheConnectionUntilItIsDue()
    {
        var s = GoAway(Scenario.Live().WholeTurn().Audio(600).Transcribed("q").Calls("c1"), 10_000);
        s.ExpectNo<Effect.CloseLink>().After(8_000).Elapse(DeadlineKind.Rotate).ExpectNo<Effect.CloseLink>().ExpectTurn<TurnState.ToolPending>();
    }

    private static Scenario GoAway(Scenario s, long leftMs) =>
        s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.GoAway) { TimeLeftMs = leftMs }));

    private static long At(Scenario s, DeadlineKind kind) => s.All.OfType<Effect.ArmDeadline>().Last(arm => arm.Kind == kind && arm.Generation == s.State.Armed[kind]).AtMs;

    private static T Fact<T>(Scenario s)
        where T : ConversationFact => Assert.Single(s.Last.OfType<Effect.Append>().Select(append => append.Fact).OfType<T>());
}
