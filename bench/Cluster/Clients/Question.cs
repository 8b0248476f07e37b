using Gemini.Live.Simulator.Speech;
using Orchestrator.Testing.Promises;

namespace Orchestrator.Bench.Cluster.Clients;

/// <summary>
/// What callers say: words that no other caller and no other turn has, so that a sample in the wrong place shows wherever it
/// turns up. The answer names the words that it answers.
/// </summary>
internal static class Question
{
    /// <summary>Length of every answer.</summary>
    public const double AnswerSeconds = 0.8;

    /// <summary>How the simulator answers.</summary>
    public const string Script = "Heard {heard}, and that is all of it.";

    private const int Words = 3;
    private const int WordsOfACaller = 100_000;
    private const int BytesPerAnswerSecond = 48_000;

    public static SaidTurn Of(int caller, int turn)
    {
        var first = (caller * WordsOfACaller) + (turn * Words) + 1;
        var heard = string.Join(' ', Enumerable.Range(first, Words).Select(word => $"w{word}"));
        return new SaidTurn(first, Words, Script.Replace("{heard}", heard, StringComparison.Ordinal), (int)(AnswerSeconds * BytesPerAnswerSecond));
    }

    public static ReadOnlyMemory<byte> Speech(SaidTurn turn) => TestSpeech.Words(turn.First, turn.Count);

    /// <summary>What tells the caller's upstream sessions from others: it stands in the setup as the system instruction.</summary>
    public static string Instruction(int caller) => $"You answer caller {caller}.";
}
