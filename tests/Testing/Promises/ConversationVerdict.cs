namespace Orchestrator.Testing.Promises;

/// <summary>
/// Judges one conversation sample by sample: a word of the test pattern is known only if each of its samples is intact, and
/// an answer names the words that it answers. So nothing can be lost, repeated or exchanged without a trace.
/// </summary>
public sealed class ConversationVerdict
{
    private readonly ConversationRecord _record;
    private readonly IReadOnlyList<HeardTurn> _turns;
    private readonly List<HeardTurn> _whole;
    private readonly List<string> _broken = [];

    private ConversationVerdict(ConversationRecord record)
    {
        _record = record;
        _turns = HeardFrame.Turns(record.Heard);
        _whole = [.. _turns.Where(turn => turn is { Ended: true, Interrupted: false })];
    }

    /// <summary>Words that the user said and the model does not know.</summary>
    public int WordsLost { get; private set; }

    /// <summary>Words that the model knows more than once.</summary>
    public int WordsTwice { get; private set; }

    /// <summary>Turns that the client saw complete.</summary>
    public int TurnsSeen => _whole.Count;

    /// <summary>Replies that the client was told to forget.</summary>
    public int RepliesBegunAgain => _turns.Count(turn => turn.Interrupted);

    /// <summary>Turns that the client saw complete and that are not written as such exactly once.</summary>
    public int TurnsMissing { get; private set; }

    /// <summary>Promises that were broken, in words.</summary>
    public IReadOnlyList<string> Broken => _broken;

    public static ConversationVerdict Of(ConversationRecord record)
    {
        var verdict = new ConversationVerdict(record);
        verdict.CountWords();
        verdict.CountTurns();
        verdict.Try(() => WordOrder.Check([.. record.Context.OfType<ContextItem.Word>()]));
        verdict.Try(() => SoundOrder.Check(verdict._turns, record.Spoken));
        if (!record.BrokenOff)
        {
            verdict.Try(() => new ReplyCheck(verdict._turns, record.Context, [], fragments: false, doubts: _ => false).Check());
            verdict.Try(verdict.EveryQuestionIsAnsweredOnce);
            verdict.Try(verdict.WordsAreReadAndWrittenOnce);
        }

        return verdict;
    }

    /// <summary>P2.</summary>
    private void CountWords()
    {
        var known = _record.Context.OfType<ContextItem.Word>().CountBy(word => word.Number).ToDictionary();
        var said = (_record.BrokenOff ? _record.Said.SkipLast(1) : _record.Said).SelectMany(turn => turn.Words).ToList();
        WordsLost = said.Count(word => !known.ContainsKey(word));
        WordsTwice = known.Values.Sum(times => times - 1);
        Note(WordsLost == 0, $"The model's context lacks [{string.Join(' ', said.Where(word => !known.ContainsKey(word)))}].");
        Note(WordsTwice == 0, $"The model's context has twice [{string.Join(' ', known.Where(word => word.Value > 1).Select(word => word.Key))}].");
        Note(!_record.Context.Any(item => item is ContextItem.Damage), "The model's context has voice that is no whole word.");
    }

    /// <summary>P3.</summary>
    private void CountTurns()
    {
        var written = _record.Written.Where(turn => turn.IsComplete).CountBy(turn => turn.Model).ToDictionary();
        TurnsMissing = _whole.CountBy(turn => turn.Words).Sum(seen => Math.Abs(seen.Value - written.GetValueOrDefault(seen.Key)));
        Note(TurnsMissing == 0, $"{TurnsMissing} turns that the client saw complete are not written once.");
    }

    /// <summary>P1: in order, each whole in words and samples, and none of the finished ones again.</summary>
    private void EveryQuestionIsAnsweredOnce()
    {
        foreach (var (i, (said, heard)) in _record.Said.Zip(_whole).Index())
        {
            Demand.That(heard.Words == said.Answer, $"Question {i + 1} was answered with '{heard.Words}', not with '{said.Answer}'.");
            Demand.That(heard.Audio.Length == said.AnswerBytes, $"The answer to question {i + 1} has {heard.Audio.Length} bytes of audio, not {said.AnswerBytes}.");
        }

        Demand.That(_whole.Count == _record.Said.Count, $"{_record.Said.Count} questions got {_whole.Count} answers.");
    }

    /// <summary>P1, P3: no transcript twice, and what is written is what was said.</summary>
    private void WordsAreReadAndWrittenOnce()
    {
        var said = string.Join(' ', _record.Said.SelectMany(turn => turn.Words));
        var read = string.Join(' ', _record.Heard.SelectMany(frame => ContextReader.Numbers(frame.Input)));
        Demand.That(read == said, $"The client said [{said}] and read [{read}].");
        var written = string.Join(' ', _record.Written.SelectMany(turn => ContextReader.Numbers(turn.User)));
        Demand.That(written == said, $"The client said [{said}] and [{written}] is written.");
        var answers = _record.Written.Where(turn => turn.IsComplete).Select(turn => turn.Model);
        Demand.That(answers.SequenceEqual(_whole.Select(turn => turn.Words)), "What is written as heard to its end is not what was.");
    }

    private void Try(Action check)
    {
        try
        {
            check();
        }
        catch (BrokenPromiseException broken)
        {
            _broken.Add(broken.Message);
        }
    }

    private void Note(bool holds, string otherwise)
    {
        if (!holds)
        {
            _broken.Add(otherwise);
        }
    }
}
