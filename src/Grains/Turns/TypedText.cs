using System.Collections.Immutable;

namespace Orchestrator.Grains.Turns;

/// <summary>Something that the user typed. Unlike a transcript, its place among the input is known.</summary>
/// <param name="Seq">Its input position.</param>
/// <param name="AtMs">When it came.</param>
public readonly record struct TypedText(long Seq, long AtMs, string Text)
{
    /// <summary>Pieces as they stand in a text.</summary>
    public static string Join(ImmutableList<TypedText> pieces) => string.Join('\n', pieces.Select(piece => piece.Text));

    /// <summary>What was typed behind the words that a reply answers opens the next turn, also if it was counted with this one:
    /// input waits at times, and what waits has not been heard.</summary>
    public static TurnDraft Part(TurnDraft draft, long answeredTo)
    {
        var late = draft.Pieces.FindAll(piece => piece.Seq > answeredTo);
        if (late.IsEmpty)
        {
            return draft;
        }

        var pieces = draft.Pieces.RemoveRange(late);
        return draft with
        {
            UserText = late.Aggregate(draft.UserText, Without),
            Pieces = pieces,
            AskedAt = draft.AskedAt > late[^1].AtMs ? draft.AskedAt : pieces is [.., var last] ? last.AtMs : 0,
            NextUserText = UserTurn.Join(Join(late), draft.NextUserText),
            NextPieces = late.AddRange(draft.NextPieces),
            NextAskedAt = Math.Max(draft.NextAskedAt, late[^1].AtMs),
        };
    }

    private static string Without(string text, TypedText piece)
    {
        var at = text.LastIndexOf(piece.Text, StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        // Together with what sets it apart from the words before it.
        var from = at > 0 && text[at - 1] == '\n' ? at - 1 : at;
        return text.Remove(from, at - from + piece.Text.Length);
    }
}
