using Orchestrator.Testing.Promises;
using Xunit;
using Orchestrator.Grains.Transcripts;
using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Compares what the user said, the client heard, the journal kept and the model knows of one conversation.</summary>
internal sealed class Oracle
{
    private readonly VirtualConversation _conversation;
    private readonly IReadOnlyList<HeardTurn> _turns;
    private readonly IReadOnlyList<ContextItem> _context;
    private readonly Transcript _transcript;
    private readonly IReadOnlyList<int> _doubtful;
    private readonly IReadOnlyList<int> _hidden;
    private readonly IReadOnlyList<int> _split;

    public Oracle(VirtualConversation conversation)
    {
        _conversation = conversation;
        _turns = ClientView.Turns(conversation.Client);
        _context = ModelContext.Read(conversation);
        _doubtful = DoubtfulRepeats.Words(conversation);
        _hidden = Exclusions.WordsThatNoiseHidesBehindAReplay(conversation);
        _split = Exclusions.WordsThatNoiseSplits(conversation);
        _transcript = TranscriptFold.Empty.Add(conversation.Journal.Durable).Result(new ConversationId(Guid.Empty));
    }

    private bool Survived => _conversation.Client.Closed is null;

    public void Check()
    {
        Bounds();
        if (Survived && Exclusions.InputLogDiesWithTheActivation(_conversation))
        {
            WordsAreInOrder();
            return;
        }

        new SoundCheck(_conversation, _turns).Check();
        if (!Survived)
        {
            CloseCheck.Check(_conversation);
            return;
        }

        WordsAreInOrder();
        NoWordIsMissing();
        new ReplyCheck(_turns, _context, _transcript.Turns.Where(turn => turn.Ending == TurnEnding.Interrupted).Select(turn => turn.Model?.Text ?? ""), Exclusions.UpstreamSplitsAWord(_conversation), turn => Exclusions.InterruptionMayBeNobodys(_conversation, turn)).Check();
        new ToolCheck(_conversation, _context).Check();
        TranscriptIsWhole();
    }

    /// <summary>P6.</summary>
    private void Bounds()
    {
        Assert.InRange(_conversation.MostLogged.Input, 0, _conversation.Schedule.Manual ? 32L << 20 : 8L << 20);
        Assert.InRange(_conversation.MostLogged.Output, 0, 4L << 20);
    }

    /// <summary>P2: whatever the model knows of the user's words, it knows once and in their order, as sound or as text.</summary>
    private void WordsAreInOrder()
    {
        var words = _context.OfType<ContextItem.Word>().ToList();
        words.Forgive(_doubtful, word => word.Source == "content" ? word.Number : 0);
        if (Exclusions.WordsComeInAnyOrder(_conversation))
        {
            Assert.True(words.Count == words.DistinctBy(word => word.Number).Count(), $"The model's context has a word twice: [{string.Join(' ', words)}].");
            words.RemoveAll(word => word.Source == "content");
        }

        WordOrder.Check(words);
        if (!Exclusions.InputLogDiesWithTheActivation(_conversation) && !Exclusions.UpstreamSplitsAWord(_conversation))
        {
            Assert.True(_context.Count(item => item is ContextItem.Damage) <= _split.Count, $"The model's context has voice that is no whole word: [{string.Join(' ', _context)}].");
        }
    }

    /// <summary>P2: the model knows every word, unless a history was told and the journal itself had lost the word.</summary>
    private void NoWordIsMissing()
    {
        if (Exclusions.UpstreamSplitsAWord(_conversation))
        {
            return;
        }

        var missing = AllWords().Except(_context.OfType<ContextItem.Word>().Select(word => word.Number)).ToList();
        var written = Written().ToHashSet();
        var toldTo = ToldTo();
        missing.RemoveAll(word => _hidden.Contains(word) || _split.Contains(word));
        if (Exclusions.TranscriptsMayBeLost(_conversation))
        {
            missing.RemoveAll(word => word <= toldTo && !written.Contains(word));
        }

        Assert.True(missing.Count == 0, $"The model's context lacks [{string.Join(' ', missing.Select(word => $"w{word}"))}].");
    }

    /// <summary>
    /// What the transcript has, but for an interaction that was not over when the last new session began: late words of an
    /// earlier turn may stand there, and it is not told but replayed.
    /// </summary>
    private IEnumerable<int> Written()
    {
        var facts = _conversation.Journal.Durable.Select(entry => entry.Fact).ToList();
        var fresh = Math.Max(0, facts.FindLastIndex(fact => fact is LinkOpened { Resumed: false }));
        var settled = facts.FindLastIndex(fresh, fact => fact is TurnCommitted { InteractionOpen: false, Ending: not TurnEnding.Cut });
        var open = facts.Take(fresh).Skip(settled + 1).OfType<TurnCommitted>().Select(turn => turn.Turn).ToHashSet();
        return _transcript.Turns.Where(turn => !open.Contains(turn.Turn)).SelectMany(turn => ContextReader.Numbers(turn.User?.Text ?? ""));
    }

    /// <summary>Last word of the turns that were settled when the last new session began: those it knows as text only.</summary>
    private int ToldTo()
    {
        var facts = _conversation.Journal.Durable.Select(entry => entry.Fact).ToList();
        var fresh = facts.FindLastIndex(fact => fact is LinkOpened { Resumed: false });
        var settled = facts.Take(Math.Max(fresh, 0)).OfType<TurnCommitted>().Where(turn => turn.Ending != TurnEnding.Cut).Select(turn => turn.InputTo).DefaultIfEmpty(0).Max();
        return _conversation.Client.Sent.Take((int)settled).Select(frame => frame.Word).DefaultIfEmpty(0).Max();
    }

    /// <summary>What is written down is what was said, word for word.</summary>
    private void TranscriptIsWhole()
    {
        var spoken = _conversation.Said.Where(turn => turn.Manner == Manner.Spoken).SelectMany(turn => Enumerable.Range(turn.First, turn.Count)).ToList();
        var heard = _conversation.Client.Output.SelectMany(heard => ContextReader.Numbers(heard.Input)).ToList();
        var written = _transcript.Turns.SelectMany(turn => ContextReader.Numbers(turn.User?.Text ?? "")).ToList();
        heard.Forgive(_doubtful, word => word);
        written.Forgive(_doubtful, word => word);
        Assert.True(heard.SequenceEqual(heard.Distinct().Order()), $"The client reads [{string.Join(' ', heard)}]: words twice or out of order.");
        Assert.True(written.Count == written.Distinct().Count(), $"The transcript has [{string.Join(' ', written)}]: words twice.");

        // What was told of words that noise has hidden is withheld from the words behind them, and not written.
        var isHidden = _hidden.Concat(_split).Except(_context.OfType<ContextItem.Word>().Select(word => word.Number)).Any();
        if (Exclusions.UserTextIsExact(_conversation) && !isHidden)
        {
            // Behind a replay, what was told of a repetition is withheld from the words that follow (seed 17963).
            Assert.True(_doubtful.Count > 0 && _conversation.Journal.Facts<LinkOpened>().Count() > 1 || spoken.SequenceEqual(heard), $"The client reads [{string.Join(' ', heard)}].");
            Assert.Equal(string.Join(' ', AllWords()), string.Join(' ', (Exclusions.WordsComeInAnyOrder(_conversation) ? written.Order() : written.AsEnumerable()).ToList()));
        }

        // What the client heard to its end is what is written as such.
        Assert.Equal(
            _turns.Where(turn => turn is { Ended: true, Interrupted: false, Audio.Length: > 0 }).Select(turn => turn.Words),
            _transcript.Turns.Where(turn => turn is { Ending: TurnEnding.Completed, Model.AudioMs: > 0 }).Select(turn => turn.Model!.Text));
    }

    private IEnumerable<int> AllWords() => _conversation.Said.SelectMany(turn => Enumerable.Range(turn.First, turn.Count));
}
