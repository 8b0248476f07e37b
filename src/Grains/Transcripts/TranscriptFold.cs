using System.Collections.Immutable;
using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Grains.Transcripts;

/// <summary>
/// The transcript as a fold over the journal. Total: any facts in any order give a transcript. Immutable, so a
/// fold that was kept may be continued with the facts that came later; in two halves or whole, the result is the same.
/// </summary>
public sealed record TranscriptFold
{
    private TranscriptFold()
    {
    }

    /// <summary>Before the first fact.</summary>
    public static TranscriptFold Empty { get; } = new();

    private DateTimeOffset? CreatedAt { get; init; }

    private ImmutableSortedDictionary<int, TurnCommitted> Committed { get; init; } = ImmutableSortedDictionary<int, TurnCommitted>.Empty;

    // Kept apart from the turns and appended at the end, so that a turn's place in the journal does not matter to them.
    private ImmutableDictionary<int, (string User, string Model)> Amended { get; init; } = ImmutableDictionary<int, (string, string)>.Empty;

    private ImmutableList<(int Turn, TranscriptToolCall Call)> Calls { get; init; } = ImmutableList<(int, TranscriptToolCall)>.Empty;

    public TranscriptFold Add(IEnumerable<JournalEntry> entries) => entries.Aggregate(this, (fold, entry) => fold.Add(entry));

    public TranscriptFold Add(JournalEntry entry)
    {
        var next = CreatedAt is null ? this with { CreatedAt = entry.At } : this;
        return entry.Fact switch
        {
            TurnCommitted turn => next with { Committed = Committed.SetItem(turn.Turn, turn) },
            TurnAmended amended => next with { Amended = Amended.SetItem(amended.Turn, Append(amended)) },
            ToolCalled called => next with { Calls = Calls.Add((called.Turn, new TranscriptToolCall(called.Id ?? "", called.Name ?? "", called.Args, null, false))) },
            ToolAnswered answered => next.WithCall(answered.Id, call => call with { Response = answered.Response }),
            ToolCancelled cancelled => next.WithCall(cancelled.Id, call => call with { Cancelled = true }),
            _ => next,
        };
    }

    /// <summary>Committed turns in their order, with what arrived for them later.</summary>
    public Transcript Result(ConversationId conversation)
    {
        var calls = Calls.ToLookup(c => c.Turn, c => c.Call);
        return new Transcript(
            conversation.ToString(),
            CreatedAt ?? default,
            [.. Committed.Values.Select(turn => ToTurn(turn, calls[turn.Turn]))]);
    }

    private TranscriptTurn ToTurn(TurnCommitted turn, IEnumerable<TranscriptToolCall> calls)
    {
        var (user, model) = Amended.GetValueOrDefault(turn.Turn, ("", ""));
        // Words without an utterance have no time of their own: the user spoke before the answer, the model after the user.
        return new TranscriptTurn(
            turn.Turn,
            turn.Ending,
            With(turn.User, user, at: turn.Model?.StartMs ?? 0),
            With(turn.Model, model, at: turn.User?.EndMs ?? 0),
            [.. calls]);
    }

    private static Utterance? With(Utterance? said, string more, long at) => (said, more) switch
    {
        (null, "") => null,
        (null, _) => new Utterance(more, at, at, 0),
        _ => said with { Text = said.Text + more },
    };

    private (string User, string Model) Append(TurnAmended amended)
    {
        var (user, model) = Amended.GetValueOrDefault(amended.Turn, ("", ""));
        return (user + amended.UserText, model + amended.ModelText);
    }

    // Upstream may use an id again on another link, so the newest call of that id is meant.
    private TranscriptFold WithCall(string? id, Func<TranscriptToolCall, TranscriptToolCall> change)
    {
        var at = Calls.FindLastIndex(c => string.Equals(c.Call.Id, id ?? "", StringComparison.Ordinal));
        return at < 0 ? this : this with { Calls = Calls.SetItem(at, (Calls[at].Turn, change(Calls[at].Call))) };
    }
}
