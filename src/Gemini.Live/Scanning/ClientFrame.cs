namespace Gemini.Live.Scanning;

/// <summary>Which member of the client message union a frame carries (dossier §2).</summary>
public enum ClientMessageKind : byte
{
    /// <summary>No frame was scanned.</summary>
    None,
    Setup,
    ClientContent,
    RealtimeInput,
    ToolResponse,
    ContextUpdate,
}

/// <summary>Members of <c>realtimeInput</c>; the SDKs send one per frame, the protocol allows several.</summary>
[Flags]
public enum RealtimeParts : byte
{
    None = 0,
    Audio = 1,
    Video = 2,
    Text = 4,
    ActivityStart = 8,
    ActivityEnd = 16,
    AudioStreamEnd = 32,
    /// <summary>Deprecated <c>mediaChunks</c>; Google closes 1007 on it since mid-2026.</summary>
    MediaChunks = 64,
}

/// <summary>What the scanner found in one client frame. Slices point into that frame.</summary>
public struct ClientFrame
{
    public ClientMessageKind Kind;

    /// <summary>Members present when <see cref="Kind"/> is <see cref="ClientMessageKind.RealtimeInput"/>.</summary>
    public RealtimeParts Realtime;

    /// <summary>The value of the union member, braces included.</summary>
    public FrameSlice Body;

    /// <summary>Base64 of <c>realtimeInput.audio.data</c>.</summary>
    public FrameSlice AudioData;

    /// <summary><c>realtimeInput.audio.mimeType</c>, for example <c>audio/pcm;rate=16000</c>.</summary>
    public FrameSlice AudioMimeType;

    /// <summary>Base64 of <c>realtimeInput.video.data</c>.</summary>
    public FrameSlice VideoData;

    /// <summary><c>realtimeInput.text</c>, still escaped.</summary>
    public FrameSlice Text;

    /// <summary><c>clientContent.turnComplete</c>.</summary>
    public bool TurnComplete;
}
