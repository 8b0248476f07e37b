using System.Text.Json;
using Orchestrator.Grains.Transcripts;
using Orchestrator.Grains.Usage;
using Orchestrator.Journal;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Grains.Tests.Transcripts;

/// <summary>What the folds promise for every journal, on random ones.</summary>
public sealed class FoldPropertyTests
{
    private static readonly int Journals = Rounds.Of(2_000);

    private static readonly ConversationId Id = new(Guid.Parse("0197a3c0000070008000000000000001"));

    private readonly int seed = Random.Shared.Next();

    [Fact]
    public void Folds_OfAnyFactsInAnyOrder_NeverThrow() => ForEachJournal(journal =>
    {
        var text = Everything(TranscriptFold.Empty.Add(journal), UsageFold.Empty.Add(journal), SummaryFold.Empty.Add(journal));
        Assert.NotEmpty(text);
    });

    [Fact]
    public void Folds_InTwoHalves_EqualTheFoldOfTheWhole() => ForEachJournal(journal =>
    {
        for (var cut = 0; cut <= journal.Count; cut += 3)
        {
            var (head, tail) = (journal[..cut], journal[cut..]);
            Assert.Equal(
                Everything(TranscriptFold.Empty.Add(journal), UsageFold.Empty.Add(journal), SummaryFold.Empty.Add(journal)),
                Everything(TranscriptFold.Empty.Add(head).Add(tail), UsageFold.Empty.Add(head).Add(tail), SummaryFold.Empty.Add(head).Add(tail)));
        }
    });

    [Fact]
    public void UsageFold_OfShuffledTurns_IsTheSame() => ForEachJournal(journal =>
    {
        // One commit per turn, as real journals have it.
        var facts = journal.Where(e => e.Fact is not TurnCommitted).Concat(journal.Where(e => e.Fact is TurnCommitted).DistinctBy(e => ((TurnCommitted)e.Fact).Turn)).ToArray();
        var whole = JsonSerializer.Serialize(UsageFold.Empty.Add(facts).Result(Id));
        new Random(seed).Shuffle(facts);
        Assert.Equal(whole, JsonSerializer.Serialize(UsageFold.Empty.Add(facts).Result(Id)));
    });

    [Fact]
    public void Usage_OfTheConversation_IsTheSumOfItsTurns() => ForEachJournal(journal =>
    {
        var report = UsageFold.Empty.Add(journal).Result(Id);
        Assert.Equal(report.Prompt.Total, report.Turns.Sum(t => t.Prompt));
        Assert.Equal(report.Response.Total, report.Turns.Sum(t => t.Response));
        Assert.Equal(report.TurnsWithoutUsage, report.Turns.Count(t => t.Estimated));
        Assert.True(report.Prompt.Unattributed >= 0 && report.Prompt.Unattributed <= report.Prompt.Total);
        Assert.All(report.Turns, t => Assert.True(t.Prompt >= 0 && t.Response >= 0 && t.Thoughts >= 0));
    });

    private static string Everything(TranscriptFold transcript, UsageFold usage, SummaryFold summary) => string.Concat(
        TranscriptText(transcript),
        JsonSerializer.Serialize(usage.Result(Id)),
        JsonSerializer.Serialize(summary.Result(Id, isActive: true)));

    // JSON values of clients may be undefined or hold lone surrogates, which the serialiser refuses.
    private static string TranscriptText(TranscriptFold fold) => string.Join('\n', fold.Result(Id).Turns.Select(t =>
        $"{t.Turn} {t.Ending} {t.User} {t.Model} {string.Join(',', t.ToolCalls.Select(c => $"{c.Id}/{c.Name}/{c.Args.ValueKind}/{c.Response?.ValueKind}/{c.Cancelled}"))}"));

    private void ForEachJournal(Action<List<JournalEntry>> check)
    {
        for (var round = 0; round < Journals; round++)
        {
            var roundSeed = unchecked(seed + round);
            var random = new Random(roundSeed);
            try
            {
                check(RandomJournal.Make(random, random.Next(25)));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"Seed {roundSeed}.", e);
            }
        }
    }
}
