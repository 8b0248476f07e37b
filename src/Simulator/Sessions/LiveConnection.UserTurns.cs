using System.Globalization;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Speech;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>Begin and end of the user's turns, and their transcription.</summary>
public sealed partial class LiveConnection
{
    private bool _wordsFound;
    private int _wordsSent;
    private DateTimeOffset _turnBegan;
    private readonly List<string> _transcriptsDue = [];
    private readonly List<string> _lastTranscript = [];
    private DateTimeOffset _transcribedTo;

    private void BeginUserTurn()
    {
        if (!_setup!.NoInterruption)
        {
            _dropped = _reply is { IsAwaiting: true, Heard.Length: > 0 } ? _reply : null;
            Interrupt(always: false);
        }
        _turnBegan = _now;
        _wordsFound = false;
        _wordsSent = 0;
        if (_setup.ManualActivity)
            _decoder = new TestSpeechDecoder();
        EnterCurrent();
    }

    private void EndUserTurn(bool answer)
    {
        _decoder.Finish();
        CollectWords();
        var voiced = _setup!.ManualActivity ? _vad!.VoicedTotal : _vad!.VoicedLength;
        var words = _heldWords.ToList();
        if (!_wordsFound)
        {
            // Real speech: its length is all that can be said about it.
            words.Clear();
            if (voiced > TimeSpan.Zero && answer)
                words.Add($" [{voiced.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s of speech]");
        }
        _heldWords.Clear();
        _decoder = new TestSpeechDecoder();
        if (_setup.ManualActivity)
            _vad = NewVad(_setup);
        Transcribe(words);
        if (answer)
            AnswerUser();
        else
            EnterCurrent();
    }

    /// <summary>Takes decoded words; with transcripts before the reply they go out while the user speaks.</summary>
    private void CollectWords()
    {
        foreach (var word in _decoder.Take())
        {
            _heldWords.Add(" " + word);
            _wordsFound |= word[0] == 'w';
        }
        if (!_wordsFound || _knobs.Transcripts is InputTranscripts.After or InputTranscripts.Late)
            return;
        foreach (var word in _heldWords)
            SendTranscript(word);
        _heldWords.Clear();
    }

    private void Transcribe(IReadOnlyList<string> words)
    {
        if (words.Count == 0)
            return;
        switch (_knobs.Transcripts)
        {
            case InputTranscripts.After:
            case InputTranscripts.Late:
                _heard.AppendJoin("", words);
                _transcriptsDue.AddRange(words);
                break;
            default:
                foreach (var word in words)
                    SendTranscript(word);
                break;
        }
    }

    private void SendTranscript(string word)
    {
        _heard.Append(word);
        if (_knobs.Transcripts == InputTranscripts.Wrong && ++_wordsSent % 3 == 0)
            word = " um";
        if (_knobs.TranscriptionStops && _now - _turnBegan > _setup!.Model.Facts.InputTranscriptionStopsAfter)
            return;
        if (_setup!.InputTranscription)
            Send(ServerFrames.InputTranscription(word));
        _lastTranscript.Add(word);
    }

    /// <summary>Sends what was held back, if the knob says that its time is now.</summary>
    private void ReleaseTranscripts(InputTranscripts moment)
    {
        if (_knobs.Transcripts != moment || _transcriptsDue.Count == 0)
            return;
        var words = _transcriptsDue.ToList();
        _transcriptsDue.Clear();
        var at = _now + (moment == InputTranscripts.Late ? TimeSpan.FromMilliseconds(_random.Next(0, 2_000)) : TimeSpan.Zero);
        // One stream: however late, the words of one turn do not overtake those of the turn before.
        _transcribedTo = at > _transcribedTo ? at : _transcribedTo;
        if (_transcribedTo <= _now)
            SendAll();
        else
            _timers.Arm(_transcribedTo, SendAll);

        void SendAll()
        {
            foreach (var word in words)
            {
                _lastTranscript.Add(word);
                if (_setup!.InputTranscription)
                    Send(ServerFrames.InputTranscription(word));
            }
        }
    }

    private void EnterCurrent() => Enter(_reply switch
    {
        { IsAwaiting: false, WaitsForTools: true } => FaultPhase.ToolRound,
        { IsAwaiting: false } => FaultPhase.ModelSpeech,
        _ when UserSpeaks => FaultPhase.UserSpeech,
        { IsAwaiting: true } => FaultPhase.Awaiting,
        _ => FaultPhase.Idle,
    });
}
