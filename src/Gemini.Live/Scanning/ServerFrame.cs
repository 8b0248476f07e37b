namespace Gemini.Live.Scanning;

/// <summary>What one server frame contains; several flags may be set together (dossier §3).</summary>
[Flags]
public enum ServerParts : uint
{
    None = 0,
    SetupComplete = 1 << 0,
    ServerContent = 1 << 1,
    ToolCall = 1 << 2,
    ToolCallCancellation = 1 << 3,
    GoAway = 1 << 4,
    SessionResumptionUpdate = 1 << 5,
    Usage = 1 << 6,
    VoiceActivity = 1 << 7,

    /// <summary>At least one <c>modelTurn</c> part with <c>inlineData</c> whose type is <c>audio/*</c>.</summary>
    ModelAudio = 1 << 8,
    /// <summary>A <c>modelTurn</c> text part without <c>thought:true</c>.</summary>
    ModelText = 1 << 9,
    /// <summary>A <c>modelTurn</c> text part with <c>thought:true</c>.</summary>
    ModelThought = 1 << 10,
    /// <summary>Any other <c>modelTurn</c> part: code, video, files.</summary>
    ModelOther = 1 << 11,
    GenerationComplete = 1 << 12,
    TurnComplete = 1 << 13,
    Interrupted = 1 << 14,
    InputTranscription = 1 << 15,
    OutputTranscription = 1 << 16,
    WaitingForInput = 1 << 17,
    /// <summary><c>interactionStatus: IN_PROGRESS</c>, in serverContent or at top level.</summary>
    InteractionInProgress = 1 << 18,
    /// <summary><c>interactionStatus: IDLE</c> (or the deprecated <c>REQUIRES_ACTION</c>).</summary>
    InteractionIdle = 1 << 19,
    /// <summary><c>groundingMetadata</c>, <c>urlContextMetadata</c>, <c>turnCompleteReason</c> and other
    /// known members of serverContent that have no flag of their own.</summary>
    OtherContent = 1 << 20,
    /// <summary>A member that this version does not know; the frame must be passed on whole.</summary>
    Unknown = 1u << 31,
}

/// <summary>What the scanner found in one server frame. Slices point into that frame.</summary>
public struct ServerFrame
{
    public ServerParts Parts;

    /// <summary>Decoded size of all inline audio in the frame, in bytes (from the base64 length alone).</summary>
    public int AudioBytes;

    /// <summary>Text of <c>inputTranscription</c>, still escaped.</summary>
    public FrameSlice InputText;

    /// <summary>Text of <c>outputTranscription</c>, still escaped.</summary>
    public FrameSlice OutputText;

    /// <summary>The whole member <c>"inputTranscription":{…}</c>, name included, without commas.</summary>
    public FrameSlice InputTranscriptionMember;

    /// <summary>The whole member <c>"outputTranscription":{…}</c>, name included, without commas.</summary>
    public FrameSlice OutputTranscriptionMember;

    /// <summary><c>sessionResumptionUpdate.newHandle</c>; empty when the update has none.</summary>
    public FrameSlice NewHandle;

    /// <summary><c>sessionResumptionUpdate.resumable</c>.</summary>
    public bool Resumable;

    /// <summary><c>goAway.timeLeft</c>, for example <c>50s</c>.</summary>
    public FrameSlice TimeLeft;

    /// <summary>The <c>usageMetadata</c> object.</summary>
    public FrameSlice Usage;

    /// <summary>The <c>toolCall</c> object.</summary>
    public FrameSlice ToolCall;

    /// <summary>The <c>toolCallCancellation</c> object.</summary>
    public FrameSlice ToolCallCancellation;

    /// <summary>The <c>setupComplete</c> object.</summary>
    public FrameSlice SetupComplete;

    public readonly bool Has(ServerParts parts) => (Parts & parts) != 0;
}
