using System.Text;
using System.Text.Json.Nodes;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>What a recovery leaves in the journal, which is all that metrics and spans know of it.</summary>
public sealed class RecoveryFactsTests
{
    private const string Refused = "BidiGenerateContent session not found";

    [Fact]
    public void FirstLink_IsNoRecovery()
    {
        var s = new Scenario();
        Assert.Equal(11_000, s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.LinkSetup).AtMs);
        s.After(300).Ready();
        Assert.Equal(new LinkOpened(1, 1, "primary", Resumed: false, ReplayedFrom: null), Assert.Single(s.Facts.OfType<LinkOpened>()));
        Assert.Equal(11_300, s.All.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.LinkHealthy).AtMs);
        Assert.Equal(0, s.State.RebilledTokens);
        s.Audio(600).Transcribed("question").Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Empty(s.Facts.OfType<LinkRecovered>());
    }

    [Fact]
    public void Resumption_IsRecorded_WhenItsReplayIsOut()
    {
        var s = Scenario.Live().WholeTurn();
        var covered = s.State.Checkpoint!.Position;
        s.Audio(300).Lost(1011, "Internal error encountered.").After(450).Server(ServerParts.SetupComplete);
        Assert.Equal(new LinkOpened(2, 1, "primary", Resumed: true, covered), s.Facts.OfType<LinkOpened>().Last());
        Assert.Empty(s.Facts.OfType<LinkRecovered>());
        s.After(50).Flushed(2_000);
        Assert.Equal(new LinkRecovered(1, 2, "loss", 1011, "transient", "resume", "primary", 1, 500, DeadAirMs: null, 2_000, 50), Assert.Single(s.Facts.OfType<LinkRecovered>()));
        Assert.Equal((50L, 500L), (s.State.RebilledTokens, s.State.Episode!.OutageMs));
    }

    [Fact]
    public void Resumption_WithNothingToReplay_SaysSo()
    {
        var s = Scenario.Live().WholeTurn().Lost().Ready();
        Assert.Null(s.Facts.OfType<LinkOpened>().Last().ReplayedFrom);
        Assert.Equal((0, 0), (s.Facts.OfType<LinkRecovered>().Single().ReplayedMs, s.State.RebilledTokens));
    }

    [Fact]
    public void Recovery_ThatOwesAnAnswer_IsRecordedWithTheFirstWord()
    {
        var s = Scenario.Live().WholeTurn().Audio(600).Transcribed("question").Audio(1_000, voiced: false).After(400).Lost().After(500).Ready();
        Assert.Empty(s.Facts.OfType<LinkRecovered>());
        s.After(700).Spoken(40, "Yes.");
        var recovered = Assert.Single(s.Facts.OfType<LinkRecovered>());
        Assert.Equal((500, 1_200), (recovered.GapMs, recovered.DeadAirMs));
        s.GenerationComplete().TurnComplete();
        Assert.Single(s.Facts.OfType<LinkRecovered>());
        Assert.Null(s.State.Episode);
    }

    [Fact]
    public void Recovery_WhoseModelIsQuickerThanItsReplay_IsRecordedWhenThatIsOut()
    {
        var s = Scenario.Live().WholeTurn().Audio(600).Transcribed("question").Audio(1_000, voiced: false).After(400).Lost().After(500).Server(ServerParts.SetupComplete);
        s.After(300).Spoken(40, "Yes.").GenerationComplete().TurnComplete();
        Assert.Empty(s.Facts.OfType<LinkRecovered>());

        s.After(200).Flushed(2_000);
        var recovered = Assert.Single(s.Facts.OfType<LinkRecovered>());
        Assert.Equal((1_000, 800L, 2_000), (recovered.GapMs, recovered.DeadAirMs, recovered.ReplayedMs));
        Assert.Null(s.Elapse(DeadlineKind.LinkHealthy).State.Episode);
        Assert.Single(s.Facts.OfType<LinkRecovered>());
    }

    [Fact]
    public void TurnSettledDuringItsReplay_ForgivesWhatTheRecoveryHasUsedUp()
    {
        var s = Scenario.Live().WholeTurn().Audio(600).Transcribed("question").Audio(1_000, voiced: false).Lost().Lost().Elapse(DeadlineKind.LinkRetry).Server(ServerParts.SetupComplete);
        Assert.NotEqual(0, s.State.Episode!.Failures);

        s.Spoken(40, "Yes.").GenerationComplete().TurnComplete();

        Assert.Equal((0, 0, 0), (s.State.Episode!.Failures, s.State.Episode.ResumeTries, s.State.Episode.FreshTries));
    }

    [Fact]
    public void Recovery_IsOver_WhenItsLinkHasLivedForAWhile()
    {
        var quiet = Scenario.Live().WholeTurn().Lost().Ready();
        Assert.NotNull(quiet.State.Episode);
        Assert.Null(quiet.Elapse(DeadlineKind.LinkHealthy).State.Episode);

        var owed = Scenario.Live().Audio(600).Audio(1_000, voiced: false).Transcribed("question").Lost().Ready().Elapse(DeadlineKind.LinkHealthy);
        Assert.NotNull(owed.State.Episode);

        var answered = Scenario.Live().Audio(600).Transcribed("question").Lost().Ready().Spoken(40, "Well").Elapse(DeadlineKind.LinkHealthy);
        Assert.Null(answered.State.Episode);
    }

    [Fact]
    public void SecondLossOfARecovery_CountsItsOwnGap_AndTheTimeOfBoth()
    {
        var s = Scenario.Live().WholeTurn().Audio(300).Lost(1011).After(400).Ready().After(100).Lost(1006).After(300).Ready();
        Assert.Equal([400, 300], s.Facts.OfType<LinkRecovered>().Select(fact => fact.GapMs));
        Assert.Equal([(1, 2, 1), (2, 3, 1)], s.Facts.OfType<LinkRecovered>().Select(fact => (fact.FromLink, fact.ToLink, fact.Tries)));
        Assert.Equal(700, s.State.Episode!.OutageMs);
    }

    [Fact]
    public void LossBeforeTheFirstWord_WritesDownTheRecoveryThatItEnds()
    {
        var s = Scenario.Live().Audio(600).Transcribed("question").Audio(1_000, voiced: false).Lost().After(200).Ready();
        Assert.Empty(s.Facts.OfType<LinkRecovered>());
        s.Lost();
        Assert.Equal((200, null), (s.Facts.OfType<LinkRecovered>().Single().GapMs, s.Facts.OfType<LinkRecovered>().Single().DeadAirMs));
    }

    [Fact]
    public void Seed_IsANewSession_ToldInGooglesWords_AndBilled()
    {
        var s = Scenario.Live().WholeTurn().Lost().Lost(1008, Refused).After(100).Server(ServerParts.SetupComplete);
        Assert.Equal(new LinkOpened(3, 2, "primary", Resumed: false, s.State.CommittedTo) { Seeded = true }, s.Facts.OfType<LinkOpened>().Last());
        Assert.Equal(
            """{"clientContent":{"turns":[{"role":"user","parts":[{"text":" hello"}]},{"role":"model","parts":[{"text":"hi there"}]}],"turnComplete":true}}""",
            Encoding.UTF8.GetString(s.Expect<Effect.SendUpstream>().Frame.Span));
        // Fourteen characters.
        Assert.Equal((3L, 3L), (s.State.RebilledTokens, s.State.Episode!.RebilledTokens));
        Assert.Null(s.State.Checkpoint);
        s.Flushed(4_000);
        Assert.Equal((103L, 103L), (s.State.RebilledTokens, s.Facts.OfType<LinkRecovered>().Single().RebilledTokens));
    }

    [Fact]
    public void RefusedHandle_TakesTheTrimWithIt_ThatOnlyItsCheckpointCovered()
    {
        var covered = Scenario.Live().WholeTurn();
        covered.State = covered.State with { PendingTrim = (99, covered.State.CommittedTo + 1) };
        Assert.Equal(default, covered.Lost().Lost(1008, Refused).State.PendingTrim);

        var settled = Scenario.Live().WholeTurn();
        settled.State = settled.State with { PendingTrim = (99, settled.State.CommittedTo) };
        Assert.Equal((99, settled.State.CommittedTo), settled.Lost().Lost(1008, Refused).State.PendingTrim);
    }

    [Fact]
    public void NewSession_KeepsTheTrimOfWhatIsSettled_Only()
    {
        foreach (var (beyond, kept) in (ReadOnlySpan<(int, bool)>)[(0, true), (1, false)])
        {
            var s = Scenario.Live().WholeTurn().Lost().Lost(1008, Refused);
            s.State = s.State with { PendingTrim = (99, s.State.CommittedTo + beyond) };
            Assert.Equal(kept, s.Server(ServerParts.SetupComplete).State.PendingTrim.Fact == 99);
        }

        var resumed = Scenario.Live().WholeTurn().Lost();
        resumed.State = resumed.State with { PendingTrim = (99, resumed.State.CommittedTo + 1) };
        Assert.Equal(99, resumed.Server(ServerParts.SetupComplete).State.PendingTrim.Fact);
    }

    [Fact]
    public void Failure_TellsWhatWasTried_AndForHowLong()
    {
        var s = new Scenario().After(700).Lost(1007, "API key not valid. Please pass a valid API key.");
        Assert.Equal(
            new RecoveryFailed(1, "clean", Code: null, 1, 700, "API key not valid. Please pass a valid API key."),
            Assert.Single(s.Facts.OfType<RecoveryFailed>()));
        Assert.Equal("API key not valid. Please pass a valid API key.", s.Expect<Effect.Release>().Reason);
    }

    [Fact]
    public void Retry_IsSpread_ByAQuarterOfItsWait()
    {
        var s = new Scenario().Lost(kind: LinkLossKind.DialFailed);
        var retry = s.Last.OfType<Effect.ArmDeadline>().Single(armed => armed.Kind == DeadlineKind.LinkRetry);
        Assert.Equal((s.Now + 250, 62), (retry.AtMs, retry.SpreadMs));
        Assert.IsType<LinkState.Recovering>(s.State.Link);
    }

    [Fact]
    public void OverdueSetup_IsJournaledAsADialThatFailed()
    {
        var s = new Scenario().After(10_000).Elapse(DeadlineKind.LinkSetup);
        Assert.Equal(("dialFailed", "no setupComplete in time"), (s.Facts.OfType<LinkLost>().Single().Kind, s.Facts.OfType<LinkLost>().Single().Reason));
    }

    [Fact]
    public void LinkThatNobodyNeeds_IsClosedByUs_AndItsSessionMayStillBeHeld()
    {
        var s = Scenario.Live().WholeTurn().Detach(1000);
        Assert.Equal(new LinkLost(1, "closedByUs", Code: null, "", "clean"), s.Facts.OfType<LinkLost>().Single());
        Assert.True(s.State.OldSocketMayBeOpen);
        Assert.Equal("the client has closed", s.Expect<Effect.Release>().Reason);
        Assert.False(s.Attach().Ready().State.OldSocketMayBeOpen);
    }

    [Fact]
    public void Setup_IsTheClients_OnTheFirstLink_WhenItWaitsForIt()
    {
        var s = new Scenario(attached: false);
        s.Apply(new ConversationInput.ClientAttached(1, ClientWants.Everything with { AwaitsSetup = true })).Ready();
        var setup = Assert.Single(s.All.OfType<Effect.ForwardFrame>());
        Assert.Equal((false, false), (setup.StripInput, setup.StripOutput));
        s.Lost().Ready();
        Assert.Single(s.All.OfType<Effect.ForwardFrame>());
        Assert.Empty(new Scenario().Ready().All.OfType<Effect.ForwardFrame>());
    }

    [Fact]
    public void Frames_OfTheGateway_AreGooglesWords()
    {
        Assert.Equal("""{"serverContent":{"inputTranscription":{"text":"a\u0022b"}}}""", Text(GatewayFrames.InputTranscription("a\"b")));
        Assert.Equal("""{"realtimeInput":{"text":"hi"}}""", Text(GatewayFrames.RealtimeText("hi")));
        Assert.Equal("[system note: hi]", GatewayFrames.Note("hi"));
        Assert.All([GatewayFrames.Interrupted, GatewayFrames.TurnComplete, GatewayFrames.TurnOfMany, GatewayFrames.InteractionOver], frame => Assert.NotNull(JsonNode.Parse(frame.Span)!["serverContent"]));

        static string Text(ReadOnlyMemory<byte> frame) => Encoding.UTF8.GetString(frame.Span);
    }
}
