namespace Orchestrator.Testing.Promises;

/// <summary>
/// P1 and P2 for the model's own words: every reply that the client heard to its end is in the final context once, as what
/// the model said or as what it was told that it said; nothing else is; and nothing was answered twice.
/// </summary>
/// <param name="fragments">Upstream took parts of words for turns of their own, and answered them.</param>
/// <param name="doubts">The interruption of a reply may have been nobody's, and the reply have gone on.</param>
/// <param name="unheard">Replies that were settled before the client had heard them to their end.</param>
/// <param name="cut">What the model had said of the replies that the user interrupted; not all of it needs to have been heard.</param>
public sealed class ReplyCheck(IReadOnlyList<HeardTurn> turns, IReadOnlyList<ContextItem> context, IEnumerable<string> cut, bool fragments, Func<HeardTurn, bool> doubts, IReadOnlySet<string>? unheard = null)
{
    private readonly List<HeardTurn> _whole = [.. turns.Where(turn => turn is { Ended: true, Interrupted: false, Audio.Length: > 0 })];
    private int _next;
    private int _bytes;
    private int _words;

    public void Check()
    {
        var (asked, results) = (false, 0);
        ContextItem? before = null;
        foreach (var item in context)
        {
            switch (item)
            {
                case ContextItem.Word or ContextItem.Mumble:
                    asked = true;
                    break;
                case ContextItem.Result:
                    results++;
                    break;
                case ContextItem.Reply { Ending: "complete" } lost when unheard?.Contains(lost.Text) == true:
                    asked = false;
                    break;
                case ContextItem.Told lost when unheard?.Contains(lost.Text) == true:
                    asked = false;
                    break;
                case ContextItem.Reply { Ending: "complete", Audio.Length: > 0 } reply:
                    if (TakeAudio(reply.Audio))
                    {
                        Demand.That(fragments || asked || results > 0 || before is ContextItem.Note, $"'{reply.Text}' answers what was answered before.");
                        (asked, results) = (false, asked ? results : Math.Max(0, results - 1));
                    }
                    else
                    {
                        Demand.That(before is ContextItem.Note { Content: true } || TakeRest(reply.Audio) || TakeInterrupted(reply), $"The model said '{reply.Text}' and the client did not hear it to its end, once and in its place.");
                    }

                    break;
                case ContextItem.Reply { Ending: "interrupted" }:
                    asked = false;
                    break;
                case ContextItem.Told told:
                    // Fillers are all alike: one that was interrupted is not the beginning of one that was heard.
                    Demand.That(IsFillerThatWasInterrupted(told.Text) || TakeWords(told.Text, parts: false) || WasInterrupted(told.Text) || TakeWords(told.Text, parts: true), $"The model was told that it said '{told.Text}', which the client did not hear at that place.");
                    SkipWordlessRests();
                    asked = false;
                    break;
            }

            before = item;
        }

        SkipAsides();
        Demand.That(_next == _whole.Count, $"The client heard '{(_next < _whole.Count ? _whole[_next].Words : "")}' to its end, and the model's context does not have it.");
    }

    /// <summary>Consumes what the client heard next: several turns (a filler before the answer), or a part of one (a reply that went on after an early end).</summary>
    private bool TakeAudio(ReadOnlySpan<byte> audio)
    {
        var (next, bytes) = (_next, _bytes);
        while (!audio.IsEmpty && next < _whole.Count)
        {
            var rest = _whole[next].Audio.AsSpan(bytes);
            if (rest.Length <= audio.Length && audio.StartsWith(rest))
            {
                audio = audio[rest.Length..];
                (next, bytes) = (next + 1, 0);
            }
            else if (rest.StartsWith(audio))
            {
                bytes += audio.Length;
                audio = default;
            }
            else if (_whole[next].InProgress)
            {
                // The filler was lost with its connection; what it announced was said on the next.
                (next, bytes) = (next + 1, 0);
            }
            else
            {
                return false;
            }
        }

        if (!audio.IsEmpty)
        {
            return false;
        }

        (_next, _bytes, _words) = (next, bytes, 0);
        return true;
    }

    /// <param name="parts">The text may be the beginning of what was heard.</param>
    private bool TakeWords(string text, bool parts)
    {
        var words = Plain(text);
        for (var next = _next; next < _whole.Count && words.Length > 0; next++)
        {
            var rest = Plain(_whole[next].Words)[(next == _next ? _words : 0)..].TrimStart();
            var taken = rest.Length <= words.Length && words.StartsWith(rest, StringComparison.Ordinal);
            if (taken)
            {
                words = words[rest.Length..].TrimStart();
                if (words.Length == 0)
                {
                    (_next, _bytes, _words) = (next + 1, 0, 0);
                    return true;
                }
            }
            else if (parts && rest.StartsWith(words, StringComparison.Ordinal))
            {
                (_next, _bytes, _words) = (next, 0, Plain(_whole[next].Words).Length - rest.Length + words.Length);
                return true;
            }
            else if (!_whole[next].InProgress)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Fillers are all alike: one that was interrupted before the next that was heard is not that one.</summary>
    private bool IsFillerThatWasInterrupted(string text) =>
        _next < _whole.Count && _whole[_next].InProgress && Plain(_whole[_next].Words) == Plain(text)
        && InterruptedBefore(_whole[_next]).Any(turn => Plain(turn.Words) == Plain(text));

    private IEnumerable<HeardTurn> InterruptedBefore(HeardTurn whole) => turns.TakeWhile(turn => turn != whole).Where(turn => turn.Interrupted || turn.Audio.Length > 0).Reverse().TakeWhile(turn => turn.Interrupted);

    /// <summary>Of a reply that the user interrupted, the model is told what it had said, or what was heard of it.</summary>
    private bool WasInterrupted(string text) =>
        turns.Where(turn => turn.Interrupted).Select(turn => turn.Words).Concat(cut).Any(words => Plain(words).StartsWith(Plain(text), StringComparison.Ordinal));

    /// <summary>
    /// Upstream counts a reply that it ended too early as complete; the user cut its rest off. And one that nobody may have
    /// interrupted: of that the client has as much as had been delivered by then. What announced it was heard.
    /// </summary>
    private bool TakeInterrupted(ContextItem.Reply reply)
    {
        var next = _next;
        var rest = reply.Audio.AsSpan();
        while (next < _whole.Count && _whole[next].InProgress && rest.StartsWith(_whole[next].Audio))
        {
            rest = rest[_whole[next++].Audio.Length..];
        }

        foreach (var turn in turns.Where(turn => turn.Interrupted))
        {
            if (turn.Audio.AsSpan().StartsWith(rest) || (doubts(turn) && rest.StartsWith(turn.Audio) && cut.Any(words => words.Length > 0 && Plain(reply.Text).EndsWith(Plain(words), StringComparison.Ordinal))))
            {
                _next = next;
                return true;
            }
        }

        return false;
    }

    /// <summary>The next that was heard to its end, with what belongs to it, is the rest of a reply whose beginning was interrupted.</summary>
    private bool TakeRest(ReadOnlySpan<byte> audio)
    {
        if (_next == _whole.Count || !IsDoubtful(InterruptedBefore(_whole[_next])))
        {
            return false;
        }

        byte[] rest = [];
        for (var next = _next; next < _whole.Count && rest.Length < audio.Length; next++)
        {
            rest = [.. rest, .. _whole[next].Audio];
            if (!_whole[next].InProgress && audio.EndsWith(rest))
            {
                _next = next + 1;
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The transcript of a reply was ahead of its sound, and an interruption that may have been nobody's came between its last word and its end: what
    /// followed has no words that a new session could be told.
    /// </summary>
    private void SkipWordlessRests()
    {
        while (_bytes == 0 && _words == 0 && _next < _whole.Count && Plain(_whole[_next].Words).Length == 0 && IsDoubtful(InterruptedBefore(_whole[_next])))
        {
            _next++;
        }
    }

    /// <summary>Of two interruptions one after the other, each may have been the one that nobody caused.</summary>
    private bool IsDoubtful(IEnumerable<HeardTurn> interrupted) => interrupted.Any(doubts);

    /// <summary>Fillers before a loss need not be known.</summary>
    private void SkipAsides()
    {
        while (_next < _whole.Count && _whole[_next].InProgress)
        {
            _next++;
        }

    }

    private static string Plain(string text) => string.Join(' ', text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
