using Orchestrator.Bench.Cluster.Clients;
using Orchestrator.Bench.Cluster.Reading;
using Orchestrator.Testing.Promises;

namespace Orchestrator.Bench.Cluster.Figures;

/// <summary>What clients noticed, and which promises were broken.</summary>
internal sealed class Report(BenchPlan plan, Crowd crowd, IReadOnlyList<Story> stories)
{
    private const int SamplesOfAWord = 4_800;
    private const int Shown = 12;
    private const int MostChars = 400;

    private readonly IReadOnlyList<ConversationVerdict> _verdicts = [.. stories.Select(story => story.Verdict)];

    public bool IsGood => crowd.Callers.All(caller => caller.Failure is null && caller.Ends.TrueForAll(end => end.Announced)) && _verdicts.All(verdict => verdict.Broken.Count == 0);

    public void Print()
    {
        Console.WriteLine($"| `{plan.Mode}` | |");
        Console.WriteLine("|---|---|");
        Row("conversations, rounds", $"{plan.Conversations}, {plan.Rounds}");
        Row("clients closed without notice", Codes(announced: false));
        Row("clients closed as announced, and back", $"{Codes(announced: true)}; {crowd.Callers.Sum(caller => caller.Returns)} back");
        Row("samples said", $"{crowd.Callers.Sum(caller => caller.Said.Sum(turn => (long)turn.Count)) * SamplesOfAWord:N0}");
        Row("of these lost / twice", $"{_verdicts.Sum(verdict => (long)verdict.WordsLost) * SamplesOfAWord:N0} / {_verdicts.Sum(verdict => (long)verdict.WordsTwice) * SamplesOfAWord:N0}");
        Row("turns that clients saw complete", $"{_verdicts.Sum(verdict => verdict.TurnsSeen):N0}");
        Row("of these not written exactly once", $"{_verdicts.Sum(verdict => verdict.TurnsMissing)}");
        Row("replies begun again", $"{_verdicts.Sum(verdict => verdict.RepliesBegunAgain)}");
        Row("conversations with any promise broken", $"{_verdicts.Count(verdict => verdict.Broken.Count > 0)}");
        Row("clients that gave up waiting", $"{crowd.Callers.Count(caller => caller.Failure is not null)}");
        Row("from question to end of answer, ms p50 / p95 / max", $"{new Distribution(crowd.Callers.SelectMany(caller => caller.Waits).Select(wait => wait * 1_000))}");
        foreach (var story in stories.Where(story => story.Verdict.Broken.Count > 0 || story.Caller.Failure is not null).Take(Shown))
        {
            var broken = string.Join(' ', [story.Caller.Failure ?? "", .. story.Verdict.Broken]);
            Console.WriteLine($"  {StoryFile.Write(story)} (caller {story.Caller.Number}): {(broken.Length <= MostChars ? broken : broken[..MostChars] + "…")}");
        }
    }

    private static void Row(string what, string value) => Console.WriteLine($"| {what} | {value} |");

    private string Codes(bool announced)
    {
        var ends = crowd.Callers.SelectMany(caller => caller.Ends).Where(end => end.Announced == announced).ToList();
        return ends.Count == 0 ? "0" : string.Join(", ", ends.CountBy(end => end.End.Code?.ToString() ?? "no code").Select(code => $"{code.Value} × {code.Key}"));
    }
}
