using System.Buffers.Binary;

namespace Gemini.Live.Simulator.Model;

/// <summary>What the detector saw in a chunk.</summary>
[Flags]
internal enum VoiceEdge
{
    None = 0,
    Started = 1,
    Ended = 2,
}

/// <summary>
/// Automatic activity detection by energy in windows of 10 ms. Speech starts after
/// <c>prefixPadding</c> of voiced audio and ends after <c>silence</c> without any; silence is counted in
/// samples or by the wall clock (a knob: nobody outside Google knows which, and it decides what happens
/// to replayed audio that arrives faster than real time).
/// </summary>
internal sealed class VoiceActivity(TimeSpan prefixPadding, TimeSpan silence, int threshold, bool wallTime)
{
    private TimeSpan _voiced;
    private TimeSpan _quiet;
    private DateTimeOffset _lastVoicedAt;

    public bool Speaking { get; private set; }

    /// <summary>Voiced audio of the current or last activity.</summary>
    public TimeSpan VoicedLength { get; private set; }

    /// <summary>Voiced audio of all activities that this detector saw.</summary>
    public TimeSpan VoicedTotal { get; private set; }

    /// <summary>With wall time: when the activity ends if no more voiced audio comes.</summary>
    public DateTimeOffset? EndsAt => wallTime && Speaking ? _lastVoicedAt + silence : null;

    /// <summary>Feeds one chunk of PCM16.</summary>
    public VoiceEdge Push(ReadOnlySpan<byte> pcm, int rate, DateTimeOffset now)
    {
        var edge = VoiceEdge.None;
        var window = Math.Max(1, rate / 100) * 2;
        for (var at = 0; at < pcm.Length; at += window)
        {
            var slice = pcm.Slice(at, Math.Min(window, pcm.Length - at));
            var length = TimeSpan.FromSeconds(slice.Length / 2.0 / rate);
            edge |= IsVoiced(slice) ? Voiced(length, now) : Quiet(length, now);
        }
        return edge;
    }

    /// <summary>Ends the activity by decision: stream end, wall clock, text.</summary>
    public bool End()
    {
        var was = Speaking;
        Speaking = false;
        _voiced = _quiet = TimeSpan.Zero;
        return was;
    }

    private VoiceEdge Voiced(TimeSpan length, DateTimeOffset now)
    {
        _lastVoicedAt = now;
        _quiet = TimeSpan.Zero;
        _voiced += length;
        if (Speaking)
        {
            VoicedLength += length;
            VoicedTotal += length;
            return VoiceEdge.None;
        }
        if (_voiced < prefixPadding)
            return VoiceEdge.None;
        Speaking = true;
        VoicedLength = _voiced;
        VoicedTotal += _voiced;
        return VoiceEdge.Started;
    }

    private VoiceEdge Quiet(TimeSpan length, DateTimeOffset now)
    {
        _quiet += length;
        if (!Speaking)
        {
            // A click shorter than the prefix is forgotten after a tenth of a second.
            if (_quiet >= TimeSpan.FromMilliseconds(100))
                _voiced = TimeSpan.Zero;
            return VoiceEdge.None;
        }
        var over = wallTime ? now - _lastVoicedAt >= silence : _quiet >= silence;
        if (!over)
            return VoiceEdge.None;
        End();
        return VoiceEdge.Ended;
    }

    private bool IsVoiced(ReadOnlySpan<byte> window)
    {
        long energy = 0;
        var samples = window.Length / 2;
        for (var i = 0; i < samples; i++)
        {
            long sample = BinaryPrimitives.ReadInt16LittleEndian(window[(i * 2)..]);
            energy += sample * sample;
        }
        return samples > 0 && energy / samples > (long)threshold * threshold;
    }
}
