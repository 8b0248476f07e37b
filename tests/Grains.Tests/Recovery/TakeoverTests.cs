using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Gemini.Live.Closes;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>Another silo goes on with a conversation: what its client is told, by what it has heard and what the journal says.</summary>
public sealed class TakeoverTests
{
    private const ServerParts Words = ServerParts.ServerContent | ServerParts.OutputTranscription;

    private static readonly ConversationRules Rules = new(ManualActivity: false, SilenceMs: 800, InitialHistory: false, ["primary"], "hash");

    /// <summary>The journal of one link and one finished turn, whose last output before its end was number 20.</summary>
    private static readonly ConversationFact[] OneTurn =
    [
        new ClientAttached(1),
        new LinkOpened(1, 1, "primary", Resumed: false, null),
        Turn(1, to: 40, output: 20),
    ];

    [Fact]
    public void Client_ThatHasEverything_IsToldNothing()
    {
        var s = Taken(new ClientHas(21, 21, AwayMs: 300), OneTurn);
        Assert.Empty(Told(s));
        Assert.Equal((40, 21), (s.State.Media.LastInput, s.State.Media.LastOutput));
        Assert.True(s.State.OldSocketMayBeOpen);
        Assert.Equal((RecoveryKind.Takeover, 1, s.Now - 300), (s.State.Episode!.Kind, s.State.Episode.FromLink, s.State.Episode.SinceMs));
        Assert.Equal("takenOver", Assert.Single(s.Last.OfType<Effect.Count>(), c => c.What == "takenOver").What);
        Assert.False(s.State.EchoExpected);
        s.Expect<Effect.OpenLink>();
    }

    [Fact]
    public void Conversation_WithoutAnyLinkYet_HasNothingToRecover()
    {
        var s = Taken(new ClientHas(0, 0, AwayMs: 300), new ClientAttached(1));
        Assert.False(s.State.OldSocketMayBeOpen);
        Assert.Equal(RecoveryKind.Opening, s.State.Episode!.Kind);
    }

    [Fact]
    public void LinkThatDiedWithItsSilo_IsJournaledByTheNextOwner_AndIsWhatTheRecoveryIsFrom()
    {
        var s = Taken(new ClientHas(21, 21, AwayMs: 300), OneTurn);
        Assert.Equal(new LinkLost(1, "ownerLost", Code: null, "", "ownerLost"), Assert.Single(s.Facts.OfType<LinkLost>()));
        Assert.Equal((CloseCause.OwnerLost, 0), (s.State.Episode!.Cause, s.State.LeftOpen));
    }

    [Fact]
    public void LinkThatDiedWithItsSilo_IsJournaled_WhoeverComesNext()
    {
        var s = new Scenario(attached: false) { State = ConversationHistory.Restore(Rules, Entries(OneTurn)) };
        s.Attach();
        Assert.Equal("ownerLost", Assert.Single(s.Facts.OfType<LinkLost>()).Cause);
        s.Detach(null).Attach();
        Assert.Single(s.Facts.OfType<LinkLost>());
    }

    [Theory]
    [InlineData("closedByUs", "clean")]
    [InlineData("closeFrame", "transient")]
    public void LinkWhoseEndIsJournaled_IsNotLostAgain(string kind, string cause)
    {
        var s = Taken(new ClientHas(21, 21, AwayMs: 300), [.. OneTurn, new ConversationMoved("drain"), new LinkLost(1, kind, null, "", cause)]);
        Assert.Empty(s.Facts.OfType<LinkLost>());
        Assert.Equal(CloseCause.Clean, s.State.Episode!.Cause);
    }

    [Fact]
    public void OnlyTheNewestLink_CanHaveDiedWithTheSilo()
    {
        var s = Taken(new ClientHas(21, 21, AwayMs: 300), [.. OneTurn, new LinkLost(1, "networkLost", null, "", "network"), new LinkOpened(2, 1, "primary", Resumed: true, null)]);
        Assert.Equal(2, Assert.Single(s.Facts.OfType<LinkLost>()).Link);
    }

    [Fact]
    public void EndOfATurn_ThatDidNotArrive_IsSaidOnce()
    {
        var s = Taken(new ClientHas(20, 3, 0) { Parts = Words, ModelText = "hi" }, OneTurn);
        Assert.Equal(["turnComplete"], Told(s));
        Assert.Equal(0, s.Last.OfType<Effect.SendToClient>().Single().AfterFact);
        Assert.Empty(s.Facts.OfType<OutputLost>());
    }

    [Fact]
    public void ReplyOfWhichTheRestIsLost_EndsAsInterrupted_AndIsJournaled()
    {
        var s = Taken(new ClientHas(15, 3, 0) { Parts = Words, ModelText = "h" }, OneTurn);
        Assert.Equal(["interrupted", "turnComplete"], Told(s));
        Assert.Equal(new OutputLost(1, 16, 20), Assert.Single(s.Facts.OfType<OutputLost>()));
        Assert.Empty(s.Commits);
    }

    [Fact]
    public void WordsOfTheNextTurn_BehindAMissingEnd_AreKnownToTheClient()
    {
        var s = Taken(new ClientHas(20, 3, 0) { Parts = Words | ServerParts.InputTranscription, UserText = "hello and" }, OneTurn);
        Assert.Equal((" and", 4), (s.State.Draft.UserText, s.State.Draft.Shown));
    }

    [Fact]
    public void ReplyUnderWay_IsCut_AndItsQuestionOwed()
    {
        var s = Taken(new ClientHas(33, 21, 0) { Parts = Words, UserText = " what", ModelText = "well", SpokenMs = 500 }, OneTurn);
        Assert.Equal(["interrupted", "turnComplete"], Told(s));
        var cut = Assert.Single(s.Commits);
        Assert.Equal((TurnEnding.Cut, 2, 40L, 33L, "well", 500L, 5), (cut.Ending, cut.Turn, cut.InputTo, cut.OutputSeq, cut.Model!.Text, cut.Model.AudioMs, cut.Told));
        Assert.Null(cut.User);
        Assert.Equal(s.State.Journal, s.Last.OfType<Effect.SendToClient>().Last().AfterFact);
        Assert.Equal((" what", 5, true), (s.State.Draft.UserText, s.State.Draft.Shown, s.State.Draft.IsOwed));
        Assert.IsType<TurnState.AwaitingModel>(s.State.Turn);
    }

    [Fact]
    public void ReplyOfWhichOnlyAudioCame_IsAReplyToo() =>
        Assert.Equal(["interrupted", "turnComplete"], Told(Taken(new ClientHas(33, 21, 0) { SpokenMs = 20 }, OneTurn)));

    [Fact]
    public void Interruption_ThatTheClientHas_IsNotSaidAgain() =>
        Assert.Equal(["turnComplete"], Told(Taken(new ClientHas(33, 21, 0) { Parts = Words | ServerParts.Interrupted, ModelText = "w" }, OneTurn)));

    [Fact]
    public void ReplyThatWasGeneratedWhole_IsComplete_WithAllWordsOfItsQuestion()
    {
        var s = Taken(
            new ClientHas(33, 21, 0) { Parts = Words | ServerParts.GenerationComplete, UserText = " what is it", ModelText = "a bird", SpokenMs = 700 },
            [.. OneTurn, new ReplyGenerated(2, 90, " what", Told: 5)]);
        Assert.Equal(["turnComplete"], Told(s));
        var turn = Assert.Single(s.Commits);
        Assert.Equal((TurnEnding.Completed, 90L, " what is it", "a bird"), (turn.Ending, turn.InputTo, turn.User!.Text, turn.Model!.Text));
        Assert.Equal((90, 90), (s.State.Media.LastInput, s.State.CommittedTo));
        Assert.IsType<TurnState.Idle>(s.State.Turn);
    }

    [Theory]
    [InlineData(ServerParts.None, false)]
    [InlineData(ServerParts.GenerationComplete | ServerParts.Interrupted, false)]
    [InlineData(ServerParts.GenerationComplete, true)]
    public void ReplyThatWasGeneratedWhole_CountsOnlyIfTheClientHasIt(ServerParts more, bool whole)
    {
        var s = Taken(new ClientHas(33, 21, 0) { Parts = Words | more, ModelText = "a" }, [.. OneTurn, new ReplyGenerated(2, 90, " what", 0)]);
        Assert.Equal(whole ? TurnEnding.Completed : TurnEnding.Cut, Assert.Single(s.Commits).Ending);
        Assert.Equal(whole ? 90 : 40, s.State.Media.LastInput);
    }

    [Fact]
    public void CutTurn_WhoseEndDidNotArrive_IsClosed_AndWhatTheClientReadOfItIsRemembered()
    {
        ConversationFact[] cut = [.. OneTurn, Turn(2, to: 40, output: 30) with { Ending = TurnEnding.Cut, User = null, Told = 6 }];
        var s = Taken(new ClientHas(30, 21, 0) { Parts = Words, UserText = " whatx", ModelText = "w" }, cut);
        Assert.Equal(["interrupted", "turnComplete"], Told(s));
        Assert.Equal(6, s.State.Draft.Shown);
        Assert.Empty(s.Commits);
    }

    [Fact]
    public void QuestionThatWasPutDownUnanswered_EndsNothing()
    {
        ConversationFact[] cut = [.. OneTurn, Turn(2, to: 40, output: 21) with { Ending = TurnEnding.Cut, Model = null }];
        Assert.Empty(Told(Taken(new ClientHas(21, 21, 0), cut)));
    }

    [Fact]
    public void SecondTakeoverInOneTurn_KnowsWhatTheClientReadBeforeTheFirst()
    {
        ConversationFact[] cut = [.. OneTurn, Turn(2, to: 40, output: 30) with { Ending = TurnEnding.Cut, User = null, Told = 6 }];
        var s = Taken(new ClientHas(33, 31, 0) { Parts = Words, UserText = " more", ModelText = "w" }, cut);
        Assert.Equal(11, s.State.Draft.Shown);
    }

    [Fact]
    public void Functions_ThatTheClientWasAskedFor_StayAsked_TheOthersAreForgotten()
    {
        ConversationFact[] calls = [.. OneTurn, Call("early", 1), Call("here", 2), Call("lost", 2), Call("answered", 2), new ToolAnswered("answered", "f", Empty)];
        var s = Taken(new ClientHas(33, 21, 0) { Parts = ServerParts.ToolCall, Calls = ["here"] }, calls);
        Assert.Equal("lost", Assert.Single(s.Facts.OfType<ToolForgotten>()).Id);
        Assert.Equal(
            (CallStatus.Open, CallStatus.Open, CallStatus.Vanished, CallStatus.Answered),
            (s.State.Tools.Find("early")!.Status, s.State.Tools.Find("here")!.Status, s.State.Tools.Find("lost")!.Status, s.State.Tools.Find("answered")!.Status));
        Assert.Equal(CallStatus.Vanished, ConversationHistory.Restore(Rules, Entries([.. calls, new ToolForgotten("lost")])).Tools.Find("lost")!.Status);
    }

    [Fact]
    public void FunctionOfATurnWhoseEndIsMissing_ArrivedOnlyIfTheClientSaysSo()
    {
        ConversationFact[] calls = [.. OneTurn, Call("unseen", 1)];
        Assert.Single(Taken(new ClientHas(20, 3, 0) { Parts = Words }, calls).Facts.OfType<ToolForgotten>());
    }

    [Fact]
    public void AnotherClient_KnowsNothingOfTheOneThatWasThere()
    {
        var s = new Scenario(attached: false) { State = ConversationHistory.Restore(Rules, Entries([.. OneTurn, Call("open", 1)]), new ClientHas(33, 21, 0) { SpokenMs = 500 }) };
        s.Attach();
        Assert.Empty(Told(s));
        Assert.Empty(s.Commits);
        Assert.Null(s.State.Takeover);
        Assert.Equal(CallStatus.Unknown, s.State.Tools.Find("open")!.Status);
        Assert.True(s.State.EchoExpected);
    }

    [Fact]
    public void ContentThatIsJournaled_IsNotGivenTwice()
    {
        var s = Taken(new ClientHas(21, 21, 0), [.. OneTurn, new ContentGiven(45, 2, "user", "know this")]);
        s.Apply(new ConversationInput.ClientSent(45, InputTraits.ClientContent, null) { Given = [(Speaker.User, "know this")] });
        s.Apply(new ConversationInput.ClientSent(46, InputTraits.ClientContent, null) { Given = [(Speaker.User, "and this")] });
        Assert.Equal("and this", Assert.Single(s.Facts.OfType<ContentGiven>()).Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Question_ThatIsStillOnItsWayFromTheEdge_IsNeitherRemindedOfNorReadTwice(bool linkIsKnown)
    {
        var has = new ClientHas(9, 2, 0) { Parts = Words, UserText = "how much is it", ModelText = "It", SpokenMs = 160 };
        var s = linkIsKnown ? Taken(has, OneTurn[..2]) : Taken(has, new ClientAttached(1));
        Assert.Equal(["interrupted", "turnComplete"], Told(s));
        s.Ready();
        Assert.DoesNotContain(s.All, effect => effect is Effect.SendUpstream);
        s.Client(InputTraits.ActivityStart).Client(InputTraits.Audio | InputTraits.Voiced, 100).Client(InputTraits.ActivityEnd).Transcribed("how much is it");
        Assert.Equal("how much is it", s.State.Draft.UserText);
        Assert.Equal((14, 0), (s.State.Draft.Shown, s.State.Draft.Withheld));
    }

    [Fact]
    public void ClientThatCameBackToTheJournal_AndLostThatSiloAtOnce_IsNotToldOfAnEndItKnows()
    {
        var restored = ConversationHistory.Restore(Rules, Entries(OneTurn));
        Assert.Equal(21, restored.Media.LastOutput);
        var edge = restored.Media.LastOutput;
        Assert.Empty(Told(Taken(new ClientHas(edge, edge, 0), [.. OneTurn, new ClientAttached(2)])));
    }

    private static readonly JsonElement Empty = JsonElement.Parse("{}"u8);

    private static TurnCommitted Turn(int turn, long to, long output) => new(
        turn, 1, to, output, new Utterance("hello", 0, 100, 100), new Utterance("hi", 200, 300, 100), TurnEnding.Completed, null, 1, null);

    private static ToolCalled Call(string id, int turn) => new(turn, id, "f", Empty);

    private static Scenario Taken(ClientHas has, params ConversationFact[] facts)
    {
        var s = new Scenario(attached: false) { State = ConversationHistory.Restore(Rules, Entries(facts), has) };
        return s.Apply(new ConversationInput.ClientAttached(s.State.Attachments + 1, ClientWants.Everything) { Moved = true });
    }

    private static List<JournalEntry> Entries(ConversationFact[] facts) =>
    [
        new JournalEntry(1, DateTimeOffset.UnixEpoch, new ConversationOpened("t", "models/m", Empty)),
        .. facts.Select((fact, i) => new JournalEntry(i + 2, DateTimeOffset.UnixEpoch, fact)),
    ];

    /// <summary>What the client was sent, by the only member of its content.</summary>
    private static List<string> Told(Scenario s) =>
    [
        .. s.Last.OfType<Effect.SendToClient>().Select(send => JsonDocument.Parse(Encoding.UTF8.GetString(send.Frame.Span)).RootElement
            .GetProperty("serverContent").EnumerateObject().First().Name),
    ];
}
