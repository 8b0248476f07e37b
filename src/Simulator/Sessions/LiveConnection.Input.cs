using System.Globalization;
using System.Text;
using System.Text.Json;
using Gemini.Live.Models;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Speech;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>What the user says and sends: activity, audio, text, seeds.</summary>
public sealed partial class LiveConnection
{
    private static readonly Refusal MediaChunks = Refusal.Payload("realtime_input.media_chunks is deprecated. Use audio, video, or text instead.");

    private readonly StringBuilder _heard = new();
    private readonly List<string> _heldWords = [];
    private TestSpeechDecoder _decoder = new();
    private VoiceActivity? _vad;
    private SimTimer? _wallEnd;
    private TimeSpan _voicedInActivity;
    private bool _activityOpen;
    private bool _historyOpen;
    private bool _contentSeen;

    private bool UserSpeaks => _setup!.ManualActivity ? _activityOpen : _vad!.Speaking;

    private Refusal? OnRealtimeInput(JsonElement input)
    {
        if (input.Get("mediaChunks").Exists())
            return MediaChunks;
        if (_historyOpen)
            return Refusal.InvalidArgument;
        _contentSeen = true;
        return (input.Get("activityStart").Exists() ? OnActivityStart() : null)
            ?? (input.Get("audio") is { } audio && audio.Exists() ? OnAudio(audio) : null)
            ?? (input.Get("video") is { } video && video.Exists() ? OnVideo(video) : null)
            ?? (input.Get("text").Text() is { } text ? OnText(text) : null)
            ?? (input.Get("audioStreamEnd").IsTrue() ? OnAudioStreamEnd() : null)
            ?? (input.Get("activityEnd").Exists() ? OnActivityEnd() : null);
    }

    private Refusal? OnActivityStart()
    {
        if (!_setup!.ManualActivity || _activityOpen)
            return Refusal.InvalidArgument;
        _activityOpen = true;
        Remember(new MemoryEntry(MemoryKind.ActivityStart, Number, _now));
        BeginUserTurn();
        return null;
    }

    private Refusal? OnActivityEnd()
    {
        if (!_setup!.ManualActivity || !_activityOpen)
            return Refusal.InvalidArgument;
        _activityOpen = false;
        Remember(new MemoryEntry(MemoryKind.ActivityEnd, Number, _now));
        EndUserTurn(answer: !_setup.Deaf);
        return null;
    }

    private Refusal? OnAudio(JsonElement blob)
    {
        if (!TryReadRate(blob.Get("mimeType").Text(), out var rate) || !TryReadBytes(blob.Get("data"), out var pcm))
            return Refusal.InvalidArgument;
        if (_setup!.ManualActivity && !_activityOpen)
            return Refusal.InvalidArgument;
        if (_knobs.RefuseAudioDuringBlockingCall && _setup.Model.Facts.Functions.InputDuringCallIsRisky && _pendingCalls.Values.Any(call => call.Blocking))
            return Refusal.NotImplemented;

        var entry = new MemoryEntry(MemoryKind.Audio, Number, _now) { Pcm = pcm, Rate = rate, Counts = _setup.CountsAllInput };
        if (UserSpeaks)
            _memory.Claim(entry, UserTurn);
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
            left -= TimeSpan.FromSeconds(entry.Pcm.Length / 2.0 / entry.Rate);
        }
    }

    private Refusal? OnVideo(JsonElement blob)
    {
        if (blob.Get("mimeType").Text() is not ("image/jpeg" or "image/png") || !TryReadBytes(blob.Get("data"), out var data))
            return Refusal.InvalidArgument;
        return Remember(new MemoryEntry(MemoryKind.Video, Number, _now)
        {
            Role = blob.Get("mimeType").Text(),
            Text = data.Length.ToString(CultureInfo.InvariantCulture),
        });
    }

    private Refusal? OnText(string text)
    {
        var exhausted = Remember(new MemoryEntry(MemoryKind.Text, Number, _now) { Text = text });
        // Inside an open activity text is heard but not answered (measured on 3.8, 2026-09).
        if (exhausted is not null || UserSpeaks)
            return exhausted;
        _heard.Append(text);
        Interrupt(always: false);
        AnswerUser();
        return null;
    }

    private Refusal? OnAudioStreamEnd()
    {
        if (_setup!.ManualActivity)
            return Refusal.InvalidArgument;
        Remember(new MemoryEntry(MemoryKind.AudioStreamEnd, Number, _now));
        if (!_knobs.AudioStreamEndIgnored && _vad!.End())
            EndUserTurn(answer: true);
        return null;
    }

    private Refusal? OnClientContent(JsonElement content)
    {
        var model = _setup!.Model;
        var turns = content.Get("turns").Items().ToList();
        var complete = content.Get("turnComplete").IsTrue();
        foreach (var turn in turns)
        {
            var role = turn.Get("role").Text();
            if ((model.Facts.RolesRequired && string.IsNullOrEmpty(role)) || role is not (null or "" or "user" or "model"))
                return Refusal.InvalidArgument;
            foreach (var part in turn.Get("parts").Items())
            {
                if (part.Get("functionCall").Exists() || part.Get("functionResponse").Exists()
                    || part.Get("inlineData").Get("mimeType").Text()?.StartsWith("audio/", StringComparison.Ordinal) == true)
                {
                    return Refusal.InvalidArgument;
                }
            }
        }
        if (complete && model.SeedsLikeChat && turns.Count > 0 && turns[^1].Get("role").Text() == "model")
            return Refusal.InvalidArgument;
        // 2.5: clientContent that races live audio (pipecat#4403).
        if (complete && model.SeedsLikeChat && UserSpeaks)
            return Refusal.InvalidArgument;
        if (_knobs.ClientContentOnlyInitially && model.Facts.MidSessionContent == ContentRule.Disputed && _contentSeen && !_historyOpen)
            return Refusal.InvalidArgument;

        if (!_historyOpen)
            Interrupt(always: true);
        foreach (var turn in turns)
        {
            var text = string.Concat(turn.Get("parts").Items().Select(part => part.Get("text").Text()));
            if (turn.Get("role").Text() != "model")
                _heard.Append(text);
            var entry = new MemoryEntry(MemoryKind.Content, Number, _now)
            {
                Role = turn.Get("role").Text() ?? "",
                Text = text,
                Pending = model.SeedsLikeChat && !complete,
            };
            if (Remember(entry) is { } exhausted)
                return exhausted;
        }
        if (!complete)
            return null;
        foreach (var entry in _memory.Entries)
            entry.Pending = false;
        _contentSeen = true;
        if (_historyOpen)
        {
            _historyOpen = false;
            _heard.Clear();
            IssueHandle(first: false);
            return null;
        }
        AnswerUser();
        return null;
    }

    private Refusal? OnContextUpdate(JsonElement update)
    {
        if (!_setup!.Model.ContextUpdate)
            return Refusal.Payload("Invalid JSON payload received. Unknown name \"contextUpdate\": Cannot find field.");
        if (SetupChecks.CheckTools(update.Get("tools").Get("tools"), _setup.Model) is { } refusal)
            return refusal;
        _setup = _setup.With(update);
        return Remember(new MemoryEntry(MemoryKind.ContextUpdate, Number, _now) { Text = update.GetRawText() });
    }

    /// <summary>Appends to the context; compresses it, or says that it is full.</summary>
    private Refusal? Remember(MemoryEntry entry)
    {
        _memory.Add(entry);
        var tokens = _memory.Tokens + _setup!.PromptTokens + _setup.Model.PromptOverhead;
        if (_setup.CompressionTrigger is { } trigger)
        {
            if (tokens > trigger)
                _memory.Compress(_setup.CompressionTarget);
            return null;
        }
        return tokens > _options.ContextWindow ? Refusal.InvalidArgument : null;
    }

    /// <summary>The number of the user turn that is open; a turn begun while the model speaks is the next one.</summary>
    private int UserTurn => TurnNumber + (_reply is null ? 0 : 1);

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
