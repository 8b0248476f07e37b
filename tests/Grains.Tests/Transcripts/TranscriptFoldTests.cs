using System.Text.Json;
using Orchestrator.Grains.Transcripts;
using Orchestrator.Journal;
using Orchestrator.Reading;
using Xunit;

namespace Orchestrator.Grains.Tests.Transcripts;

public sealed class TranscriptFoldTests
{
    private static readonly ConversationId Id = new(Guid.Parse("0197a3c0000070008000000000000001"));
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Turns_AreShownWithTheirEndings()
    {
        var transcript = Fold(
            new ConversationOpened("acme", "models/x", JsonElement.Parse("{}")),
            Turn(1, TurnEnding.Completed), Turn(2, TurnEnding.Interrupted), Turn(3, TurnEnding.Cut));

        Assert.Equal((Id.ToString(), Noon.AddSeconds(1)), (transcript.ConversationId, transcript.CreatedAt));
        Assert.Equal([TurnEnding.Completed, TurnEnding.Interrupted, TurnEnding.Cut], transcript.Turns.Select(t => t.Ending));
        Assert.Equal([1, 2, 3], transcript.Turns.Select(t => t.Turn));
    }

    [Fact]
    public void Amendments_AreAppendedInTheirOrder()
    {
        var turn = Fold(Turn(1), new TurnAmended(1, " later", null, null), new TurnAmended(1, "!", " too", null)).Turns[0];
        Assert.Equal(("user1 later!", "model1 too"), (turn.User!.Text, turn.Model!.Text));
        Assert.Equal((100, 200), (turn.User.StartMs, turn.User.EndMs));
    }

    [Fact]
    public void Amendment_OfASilentTurn_GivesItWordsWithoutAudio()
    {
        var turn = Fold(Turn(1) with { User = null }, new TurnAmended(1, "late words", null, null)).Turns[0];
        Assert.Equal(new Utterance("late words", 300, 300, 0), turn.User);
    }

    [Fact]
    public void Amendment_OfATurnThatWasNeverCommitted_IsNotShown() =>
        Assert.Empty(Fold(new TurnAmended(4, "x", "y", null)).Turns);

    [Fact]
    public void ToolCalls_StandInTheirTurn_WithResultOrCancellation()
    {
        var transcript = Fold(
            new ToolCalled(2, "a", "get_bill", JsonElement.Parse("""{"n":1}""")),
            new ToolCalled(2, "b", "get_mood", JsonElement.Parse("{}")),
            new ToolCalled(2, "c", "wait", JsonElement.Parse("{}")),
            new ToolAnswered("a", "get_bill", JsonElement.Parse("""{"output":"41.20"}""")),
            new ToolCancelled("b"),
            Turn(1), Turn(2));

        Assert.Empty(transcript.Turns[0].ToolCalls);
        Assert.Equal(["a/get_bill/41.20/False", "b/get_mood//True", "c/wait//False"], transcript.Turns[1].ToolCalls.Select(Text));
    }

    [Fact]
    public void ToolResult_ForAnIdThatWasUsedTwice_BelongsToTheNewestCall()
    {
        var calls = Fold(
            new ToolCalled(1, "a", "f", default), new ToolAnswered("a", "f", JsonElement.Parse("""{"output":"first"}""")),
            new ToolCalled(1, "a", "f", default), new ToolAnswered("a", "f", JsonElement.Parse("""{"output":"second"}""")),
            Turn(1)).Turns[0].ToolCalls;
        Assert.Equal(["a/f/first/False", "a/f/second/False"], calls.Select(Text));
    }

    [Theory]
    [InlineData(false, false, "resumable")]
    [InlineData(true, false, "live")]
    [InlineData(false, true, "ended")]
    [InlineData(true, true, "ended")]
    public void Summary_CountsAndNamesTheState(bool active, bool ended, string state)
    {
        var facts = new List<ConversationFact>
        {
            new ConversationOpened("acme", "models/x", default), new LinkOpened(1, 1, "main", false, null), Turn(1),
            new LinkOpened(2, 1, "main", true, 4),
            Recovered("rotation"), Recovered("loss"), Recovered("stall"), Turn(2), new UnreadableFact("newer", ""),
        };
        if (ended)
        {
            facts.Add(new ConversationEnded("Bye.", "client"));
        }

        var summary = SummaryFold.Empty.Add(Entries([.. facts])).Result(Id, active);
        Assert.Equal(
            new ConversationSummary(Id.ToString(), "models/x", state, Noon.AddSeconds(1), Noon.AddSeconds(facts.Count), 2, 2, 2, ended ? "Bye." : null),
            summary);
    }

    [Fact]
    public void JournalOfANewerVersion_WithMembersMissing_ReadsAsEmptyWords()
    {
        var turn = Fold(new ToolCalled(1, null!, null!, default), new ToolAnswered(null!, "f", JsonElement.Parse("""{"output":"x"}""")), Turn(1) with { User = null, Model = null }).Turns[0];
        Assert.Equal(["//x/False"], turn.ToolCalls.Select(Text));
        Assert.Equal((null, null), (turn.User, turn.Model));
        var summary = SummaryFold.Empty.Add(Entries([new ConversationOpened("acme", null!, default), new ConversationEnded(null!, "client")])).Result(Id, isActive: false);
        Assert.Equal(("", ""), (summary.Model, summary.EndReason));
        Assert.Equal("", SummaryFold.Empty.Result(Id, isActive: false).Model);
    }

    [Fact]
    public void LateWords_OfAModelThatWasNotHeard_StandBehindTheQuestion() =>
        Assert.Equal(new Utterance("late", 200, 200, 0), Fold(Turn(1) with { Model = null }, new TurnAmended(1, null, "late", null)).Turns[0].Model);

    private static LinkRecovered Recovered(string kind) => new(1, 2, kind, null, "transient", "resume", "main", 1, 100, null, 0, 0);

    private static string Text(TranscriptToolCall call) =>
        $"{call.Id}/{call.Name}/{call.Response?.GetProperty("output").GetString()}/{call.Cancelled}";

    private static Transcript Fold(params ConversationFact[] facts) => TranscriptFold.Empty.Add(Entries(facts)).Result(Id);

    private static IEnumerable<JournalEntry> Entries(ConversationFact[] facts) =>
        facts.Select((fact, i) => new JournalEntry(i + 1, Noon.AddSeconds(i + 1), fact));

    private static TurnCommitted Turn(int number, TurnEnding ending = TurnEnding.Completed) => new(
        number, 1, 2, 3, new Utterance("user" + number, 100, 200, 100), new Utterance("model" + number, 300, 500, 200), ending, 100, 1, null);
}
