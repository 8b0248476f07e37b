using System.Buffers;
using Orchestrator.Attach;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// The client's frames that no durable checkpoint covers yet, numbered by input position, with the one mark that says
/// how far they were sent. Knows what may be forgotten: settled input, silence that no turn needs, and, over the bound,
/// what is missed least. Runs on the mailbox.
/// </summary>
/// <param name="after">Last position before this log.</param>
/// <param name="maxBytes">Bound of all frames.</param>
/// <param name="silenceMs">Silence that ends a turn under automatic activity; null with manual activity, where an answer's
/// pauses are part of it and nothing is thinned.</param>
/// <param name="pool">Where the blocks come from; the shared one unless a test counts them.</param>
internal sealed class InputLog(long after, long maxBytes, long? silenceMs, ArrayPool<byte>? pool = null) : IDisposable
{
    /// <summary>Unvoiced audio that is kept before speech, so that no onset is lost to the energy floor.</summary>
    private const long PrerollMs = 2_000;

    /// <summary>Video beyond this is the first to go from a full log.</summary>
    private const long VideoBytes = 2 * 1024 * 1024;

    /// <summary>A full log gives up a little more than it must, so that it is not full again with the next frame.</summary>
    private const long SlackShare = 64;

    private const InputTraits Sound = InputTraits.Audio | InputTraits.Voiced;

    private readonly FrameLog _log = new(after, pool);
    private readonly SilentRun _silence = new(silenceMs);
    private long _videoBytes;
    private long _videoAt;
    private long _audioAt;

    private enum Kind
    {
        Words,
        Audio,
        Video,
    }

    public long First => _log.First;

    public long Last => _log.Last;

    /// <summary>Bytes in the log.</summary>
    public long Bytes => _log.Bytes;

    /// <summary>Places for frames that the log holds memory for.</summary>
    public int Room => _log.Room;

    /// <summary>Last position that was handed to the link, or passed over.</summary>
    public long SentTo { get; private set; } = after;

    /// <summary>Bytes after <see cref="SentTo"/>.</summary>
    public long UnsentBytes { get; private set; }

    /// <summary>Position of the oldest frame that is still to be sent; one more than <see cref="Last"/> when all are.</summary>
    public long NextUnsent => _log.NextAfter(SentTo);

    public FrameLog.Entry this[long position] => _log[position];

    public long Append(ReadOnlySpan<byte> payload, InputTraits traits, int audioMs)
    {
        var position = _log.Append(payload, (ushort)traits, audioMs);
        UnsentBytes += payload.Length;
        if (KindOf(traits) == Kind.Video)
        {
            _videoBytes += payload.Length;
        }

        _silence.Append(position, audioMs, (traits & InputTraits.Voiced) != 0, IsSilence(traits));
        Thin();
        return position;
    }

    /// <summary>Nobody has the frames up to here.</summary>
    public void Skip(long position)
    {
        while (_log.Last < position)
        {
            _log.Drop(_log.Append([], 0, 0));
        }
    }

    /// <summary>Everything up to here was sent or passed over.</summary>
    public void AdvanceTo(long position)
    {
        if (position <= SentTo)
        {
            return;
        }

        for (var p = NextUnsent; p <= position; p = _log.NextAfter(p))
        {
            UnsentBytes -= _log[p].Length;
        }

        SentTo = position;
    }

    /// <summary>What comes after this position is to be sent, on a new link.</summary>
    public void RewindTo(long position)
    {
        SentTo = Math.Clamp(position, _log.First - 1, _log.Last);
        UnsentBytes = 0;
        for (var p = NextUnsent; p <= _log.Last; p = _log.NextAfter(p))
        {
            UnsentBytes += _log[p].Length;
        }
    }

    /// <summary>Forgets what is settled; input that was not sent stays whatever is asked.</summary>
    public void TrimTo(long position)
    {
        position = Math.Min(position, SentTo);
        for (var p = _log.NextAfter(_log.First - 1); p <= position; p = _log.NextAfter(p))
        {
            Lose(p);
        }

        _log.TrimTo(position);
    }

    /// <summary>While nobody has said anything since the last turn, only a pre-roll of old silence is worth keeping.</summary>
    public void TrimQuiet()
    {
        while (_log.AudioMs > PrerollMs && _log.First <= SentTo && _log.AudioMs - _log[_log.First].AudioMs >= PrerollMs)
        {
            TrimTo(_log.First);
        }
    }

    /// <summary>Nobody may ever send this frame again: it loses its bytes and keeps its position.</summary>
    public void Quarantine(long position)
    {
        if (position >= _log.First && position <= _log.Last)
        {
            Lose(position);
        }
    }

    /// <summary>
    /// Over the bound: the oldest video goes while there is more than <see cref="VideoBytes"/> of it, then the oldest
    /// audio, then what is left; the newest frame stays.
    /// </summary>
    /// <returns>What was given up; null when nothing had to be.</returns>
    public EvictedInput? Evict()
    {
        if (_log.Bytes <= maxBytes)
        {
            return null;
        }

        var target = maxBytes - (maxBytes / SlackShare);
        EvictedInput? evicted = null;
        while (_log.Bytes > target && Oldest() is { } position)
        {
            var entry = _log[position];
            var now = new EvictedInput(position, position, 1, entry.AudioMs, entry.Length);
            evicted = evicted is { } before ? before.And(now) : now;
            Lose(position);
        }

        return evicted;
    }

    public void Dispose() => _log.Dispose();

    private static Kind KindOf(InputTraits traits) => (traits & ~(Sound | InputTraits.Video)) != 0
        ? Kind.Words
        : (traits & InputTraits.Audio) != 0 ? Kind.Audio : (traits & InputTraits.Video) != 0 ? Kind.Video : Kind.Words;

    private static bool IsSilence(InputTraits traits) => traits == InputTraits.Audio;

    /// <summary>Drops silence that was sent and that neither follows speech closely nor is recent enough to precede some.</summary>
    private void Thin()
    {
        while (_silence.ExcessMs(PrerollMs) is var excess && excess > 0 && Math.Max(_silence.From, _log.First) is var position && position <= SentTo)
        {
            var entry = _log[position];
            if (!entry.IsDropped && IsSilence((InputTraits)entry.Traits))
            {
                if (entry.AudioMs > excess)
                {
                    return;
                }

                Lose(position);
            }

            _silence.From = _log.NextAfter(position);
        }
    }

    private long? Oldest()
    {
        if (_videoBytes > VideoBytes && Oldest(Kind.Video, ref _videoAt) is { } video)
        {
            return video;
        }

        return Oldest(Kind.Audio, ref _audioAt) ?? (_log.NextAfter(_log.First - 1) is var any && any < _log.Last ? any : null);
    }

    /// <summary>Nothing of the kind lies before the mark, and nothing will: every frame is passed once.</summary>
    private long? Oldest(Kind kind, ref long mark)
    {
        for (var p = _log.NextAfter(mark); p < _log.Last; p = _log.NextAfter(p))
        {
            mark = p;
            if (KindOf((InputTraits)_log[p].Traits) == kind)
            {
                return p;
            }
        }

        return null;
    }

    /// <summary>The one place where a frame loses its bytes.</summary>
    private void Lose(long position)
    {
        var entry = _log[position];
        if (entry.IsDropped)
        {
            return;
        }

        if (position > SentTo)
        {
            UnsentBytes -= entry.Length;
        }

        var traits = (InputTraits)entry.Traits;
        if (KindOf(traits) == Kind.Video)
        {
            _videoBytes -= entry.Length;
        }

        if (IsSilence(traits))
        {
            _silence.Lost(position, entry.AudioMs);
        }

        _log.Drop(position);
    }
}

/// <summary>What a full log gave up. Frames between the two positions that are not counted are still there.</summary>
internal readonly record struct EvictedInput(long From, long To, int Frames, long AudioMs, long Bytes)
{
    public EvictedInput And(EvictedInput other) => new(
        Math.Min(From, other.From), Math.Max(To, other.To), Frames + other.Frames, AudioMs + other.AudioMs, Bytes + other.Bytes);
}
