using System.Collections.Immutable;

namespace Orchestrator.Grains.Turns;

/// <summary>
/// What upstream has transcribed lately, as it came: a piece begins behind each end of a turn, with each thing that the user
/// said, and with each connection. What upstream repeats are such pieces; the turns that the words were written to may have them otherwise, because
/// some came late.
/// </summary>
public sealed record TranscribedPieces
{
    public static readonly TranscribedPieces None = new();

    /// <summary>Turns that upstream may repeat.</summary>
    private const int Remembered = 8;

    private ImmutableList<Piece> Pieces { get; init; } = [];

    /// <summary>Turns that upstream has ended.</summary>
    private int Ended { get; init; }

    /// <param name="text">What was transcribed.</param>
    /// <param name="link">Who has transcribed it: the next connection does all that is replayed once more.</param>
    /// <param name="utterance">Where what the user said last begins, as an input position.</param>
    public TranscribedPieces Add(string text, int link, long utterance) => Pieces is [.., var last] && (last.Turn, last.Link, last.Utterance) == (Ended, link, utterance)
        ? this with { Pieces = Pieces.SetItem(Pieces.Count - 1, last with { Text = last.Text + text }) }
        : this with { Pieces = Pieces.Add(new Piece(Ended, link, utterance, text)) };

    /// <summary>Characters that a connection has transcribed.</summary>
    public int CharsOn(int link) => Pieces.Sum(piece => piece.Link == link ? piece.Text.Length : 0);

    /// <summary>Upstream has ended a turn.</summary>
    public TranscribedPieces TurnEnded() =>
        this with { Ended = Ended + 1, Pieces = Pieces.RemoveAll(piece => piece.Turn < Ended + 1 - Remembered) };

    /// <summary>The same words came before, one piece or more, or most of one.</summary>
    /// <param name="text">What was transcribed.</param>
    /// <param name="inThisTurn">The turn that upstream has not ended counts, too.</param>
    public bool Have(string text, bool inThisTurn)
    {
        var again = text.Trim();
        for (var i = 0; i < Pieces.Count && (inThisTurn || Pieces[i].Turn < Ended); i++)
        {
            var known = Pieces[i].Text;
            if (again.Length * 2 > known.Length && string.Concat(Pieces.Skip(i).Select(piece => piece.Text)).IndexOf(again, StringComparison.Ordinal) is var at and >= 0 && at < known.Length)
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Piece(int Turn, int Link, long Utterance, string Text);
}
