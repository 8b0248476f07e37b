using System.Globalization;
using System.Text;
using System.Text.Json;
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
        // Inside an open activity text is heard but not answered (measured on 3.8, 2026-09).
        var answered = !UserSpeaks;
        // What was said of a reply stands before what cut it.
        if (answered)
            Interrupt(always: false);
        var exhausted = Remember(new MemoryEntry(MemoryKind.Text, Number, _now) { Text = text });
        if (exhausted is not null || !answered)
            return exhausted;
        _heard.Append(text);
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
}
