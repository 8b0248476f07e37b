namespace Orchestrator.Grains.Actor;

/// <summary>
/// The unvoiced audio at the end of the input log, from where it could be missed: not the silence that ends a turn, which
/// follows speech, but what comes after that. Speech closes the run, and what is left of it is its pre-roll.
/// </summary>
/// <param name="silenceMs">Silence that ends a turn; null when no silence can be missed.</param>
internal sealed class SilentRun(long? silenceMs)
{
    /// <summary>Kept after speech beyond the silence that ends a turn: two turns must not become one when the middle is gone.</summary>
    private const long MarginMs = 200;

    private readonly long _afterSpeechMs = silenceMs is { } ms ? ms + MarginMs : long.MaxValue;
    private long _sinceSpeechMs = silenceMs is { } ms ? ms + MarginMs : 0;
    private long _ms;

    /// <summary>Position of the run's oldest frame, or of what comes after what was dropped of it.</summary>
    public long From { get; set; }

    /// <summary>How much of the run is too old to be the pre-roll of speech that may come.</summary>
    public long ExcessMs(long prerollMs) => _ms - prerollMs;

    public void Append(long position, int audioMs, bool voiced, bool silent)
    {
        if (voiced)
        {
            (_sinceSpeechMs, _ms, From) = (0, 0, position + 1);
        }
        else if (_sinceSpeechMs < _afterSpeechMs)
        {
            _sinceSpeechMs += audioMs;
            From = position + 1;
        }
        else if (silent)
        {
            _ms += audioMs;
        }
    }

    /// <summary>A frame of silence has left the log, for whatever reason.</summary>
    public void Lost(long position, int audioMs)
    {
        if (position >= From)
        {
            _ms -= audioMs;
        }
    }
}
