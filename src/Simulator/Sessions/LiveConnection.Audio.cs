using System.Globalization;
using System.Text.Json;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Speech;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>The user's audio: into the memory, through the activity detection, to the words.</summary>
public sealed partial class LiveConnection
{
    private Refusal? OnAudio(JsonElement blob)
    {
        if (!TryReadRate(blob.Get("mimeType").Text(), out var rate) || !TryReadBytes(blob.Get("data"), out var pcm))
            return Refusal.InvalidArgument;
        if (_setup!.ManualActivity && !_activityOpen)
            return Refusal.InvalidArgument;
        if (_knobs.RefuseAudioDuringBlockingCall && _setup.Model.Facts.Functions.InputDuringCallIsRisky && _pendingCalls.Values.Any(call => call.Blocking))
            return Refusal.NotImplemented;

        var entry = new MemoryEntry(MemoryKind.Audio, Number, _now) 
        {
            Pcm = _options.KeepAudio ? pcm : [],
            Samples = pcm.Length / 2,
            Rate = rate,
            Counts = _setup.CountsAllInput || UserSpeaks,
            InTurn = UserSpeaks ? UserTurn : null,
        };
        if (Remember(entry) is { } exhausted)
            return exhausted;

        // In slices: a long chunk may hold the end of one turn and the beginning of the next.
        var slice = Math.Max(2, rate / 50 * 2);
        for (var at = 0; at < pcm.Length; at += slice)
            Hear(pcm.AsSpan(at, Math.Min(slice, pcm.Length - at)), rate, entry);
        WatchWallClock();
        return null;
    }

    private void Hear(ReadOnlySpan<byte> pcm, int rate, MemoryEntry entry)
    {
        if (rate == TestSpeech.Rate)
            _decoder.Push(pcm);
        var edge = _vad!.Push(pcm, rate, _now);
        if (!_setup!.ManualActivity && edge.HasFlag(VoiceEdge.Started))
        {
            BeginUserTurn();
            ClaimOnset();
        }
        if (UserSpeaks && entry.InTurn is null)
            _memory.Claim(entry, UserTurn);
        if (UserSpeaks)
            CollectWords();
        if (!_setup.ManualActivity && edge.HasFlag(VoiceEdge.Ended))
            EndUserTurn(answer: true);
    }

    /// <summary>With wall time the turn ends even when no more audio comes.</summary>
    private void WatchWallClock()
    {
        _wallEnd?.Cancel();
        if (!_setup!.ManualActivity && _vad!.EndsAt is { } at)
            _wallEnd = _timers.Arm(at > _now ? at : _now, () =>
            {
                if (_vad!.End())
                    EndUserTurn(answer: true);
            });
    }

    /// <summary>The audio that was voiced before the detector made up its mind belongs to the turn.</summary>
    private void ClaimOnset()
    {
        var left = _vad!.VoicedLength;
        for (var i = _memory.Count - 1; i >= 0 && left > TimeSpan.Zero; i--)
        {
            if (_memory.Entries[i] is not { Kind: MemoryKind.Audio, InTurn: null } entry)
                break;
            _memory.Claim(entry, UserTurn);
            left -= TimeSpan.FromSeconds((double)entry.Samples / entry.Rate);
        }
    }

    private static bool TryReadRate(string? mimeType, out int rate)
    {
        rate = 16_000;
        if (mimeType is null || !mimeType.StartsWith("audio/pcm", StringComparison.OrdinalIgnoreCase))
            return false;
        var at = mimeType.IndexOf("rate=", StringComparison.OrdinalIgnoreCase);
        return at < 0 || (int.TryParse(mimeType[(at + 5)..].Split(';')[0], CultureInfo.InvariantCulture, out rate) && rate is >= 8_000 and <= 192_000);
    }

    private static bool TryReadBytes(JsonElement data, out byte[] bytes)
    {
        bytes = [];
        if (data.ValueKind != JsonValueKind.String)
            return false;
        if (data.TryGetBytesFromBase64(out var plain))
        {
            bytes = plain;
            return true;
        }
        try
        {
            bytes = System.Buffers.Text.Base64Url.DecodeFromChars(data.GetString());
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
