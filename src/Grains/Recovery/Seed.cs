using System.Collections.Immutable;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tools;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// What a new upstream session is told (rung 2): the turns that are settled, oldest first, as text. Replies that were cut
/// are left out, because they are given anew. What is longer than the budget becomes a digest of its beginning.
/// </summary>
public static class Seed
{
    /// <summary>About what a token is in most languages that are written with letters.</summary>
    private const int CharsPerToken = 4;

    private const int DigestLine = 80;

    private static readonly SpokenText Renewed = new(0, Speaker.User, GatewayFrames.Note(
        "the connection was renewed. All of the above has been said already. Answer this note with the one word OK, then wait for the user."));

    public static int Tokens(IEnumerable<SpokenText> turns) => turns.Sum(turn => turn.Text.Length) / CharsPerToken;

    public static ImmutableList<SpokenText> Compose(ConversationState state, int budgetTokens)
    {
        var told = Told(state);
        var budget = (long)budgetTokens * CharsPerToken;
        var (keep, length) = (0, 0L);
        while (keep < told.Count && (length += told[told.Count - 1 - keep].Text.Length) <= budget)
        {
            keep++;
        }

        var turns = told.RemoveRange(0, told.Count - keep);
        if (keep < told.Count)
        {
            turns = turns.Insert(0, Digest(told.Take(told.Count - keep), budget / 4));
        }

        if (state.Rules.Model.SeedEndsWithUser)
        {
            turns = turns.Add(Renewed);
        }

        return turns;
    }

    /// <summary>The settled conversation as the model should remember it.</summary>
    private static ImmutableList<SpokenText> Told(ConversationState state)
    {
        var turns = ImmutableList.CreateBuilder<SpokenText>();
        var calls = state.Tools.All.Where(call => call.IsSettled).OrderBy(call => call.Turn).ToList();
        var (given, called) = (0, 0);
        foreach (var said in state.History.Where(said => !said.Cut && !said.IsOpen))
        {
            for (; given < state.Given.Count && state.Given[given].Turn <= said.Turn; given++)
            {
                turns.Add(state.Given[given]);
            }

            // Between the question and its answer.
            for (; called < calls.Count && (said.Speaker == Speaker.Model ? calls[called].Turn <= said.Turn : calls[called].Turn < said.Turn); called++)
            {
                Add(ToolNotes.Remembered(calls[called]));
            }

            turns.Add(said);
        }

        calls.Skip(called).Select(ToolNotes.Remembered).ToList().ForEach(Add);
        turns.AddRange(state.Given.Skip(given).Where(content => content.Turn <= state.Turns));
        state.Tools.All.Where(call => !call.IsSettled).Select(ToolNotes.Begun).ToList().ForEach(Add);
        return turns.ToImmutable();

        void Add(SpokenText? note)
        {
            if (note is not null)
            {
                turns.Add(note);
            }
        }
    }

    private static SpokenText Digest(IEnumerable<SpokenText> turns, long budget)
    {
        var lines = new List<string>();
        var left = 0;
        foreach (var said in turns.Reverse())
        {
            var line = $"{(said.Speaker == Speaker.User ? "user" : "you")}: {(said.Text.Length <= DigestLine ? said.Text.Trim() : said.Text[..DigestLine].Trim() + "…")}";
            if (left > 0 || line.Length > budget)
            {
                left++;
                continue;
            }

            budget -= line.Length;
            lines.Insert(0, line);
        }

        var before = left == 0 ? "" : $"{left} earlier messages are left out; ";
        return new SpokenText(0, Speaker.User, GatewayFrames.Note($"the conversation so far, shortened. {before}{string.Join(" / ", lines)}"));
    }
}
