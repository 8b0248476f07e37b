namespace Gemini.Live.Simulator;

/// <summary>What input a resumption handle covers; nobody outside Google knows.</summary>
public enum HandleCoverage
{
    /// <summary>Everything up to the last finished model turn, nothing after it.</summary>
    LastTurn,

    /// <summary>Everything received when the handle was made.</summary>
    AllReceived,

    /// <summary>Everything received, minus audio of the last moments (20 to 300 ms, seeded).</summary>
    AllReceivedMinusInFlight,
}

/// <summary>When a handle comes after the moment that it stands for.</summary>
public enum HandleTiming
{
    AtOnce,

    /// <summary>0 to 2 s later (seeded); a coin decides whether it covers the moment of making or of delivery.</summary>
    Late,

    /// <summary>Only the first handle of a connection comes, then none.</summary>
    Never,
}

/// <summary>What becomes of a handle when a newer one was issued.</summary>
public enum OlderHandle
{
    Valid,
    Void,
}

/// <summary>The clock on which automatic activity detection counts silence.</summary>
public enum VadClock
{
    Sample,
    Wall,
}

/// <summary>What happens to audio that arrives faster than real time.</summary>
public enum BurstInput
{
    Accepted,

    /// <summary>Consumed at twice real time; frames behind it wait.</summary>
    Throttled,
}

/// <summary>When the server lets go of a socket that the client has closed.</summary>
public enum OldSocketRelease
{
    OnClose,

    /// <summary>0 to 5 s later (seeded); until then a resume is refused.</summary>
    Late,
}

/// <summary>When and how input transcription comes, compared with the reply.</summary>
public enum InputTranscripts
{
    /// <summary>While the user speaks, complete before the reply.</summary>
    Before,

    /// <summary>All at once, just before the reply's generationComplete.</summary>
    After,

    /// <summary>0 to 2 s after the turn's turnComplete (seeded).</summary>
    Late,

    /// <summary>In time, but every third word is another one.</summary>
    Wrong,
}

/// <summary>The text with which an unusable handle is refused; all three forms were seen.</summary>
public enum HandleRefusal
{
    /// <summary>1007 <c>Invalid session handle</c>.</summary>
    InvalidHandle,

    /// <summary>1008 <c>BidiGenerateContent session not found</c>.</summary>
    SessionNotFound,

    /// <summary>1008 <c>Requested entity was not found.</c></summary>
    EntityNotFound,
}

/// <summary>
/// What nobody outside Google knows, or what differs from day to day. Tests run under every setting, so
/// that nothing agrees with our guesses only. Applies to connections made after the change.
/// </summary>
public sealed class SimulatorKnobs
{
    public HandleCoverage HandleCovers { get; set; } = HandleCoverage.AllReceived;

    public HandleTiming HandleComes { get; set; }

    public OlderHandle OlderHandle { get; set; }

    public VadClock VadClock { get; set; }

    public BurstInput BurstInput { get; set; }

    public OldSocketRelease OldSocket { get; set; }

    public InputTranscripts Transcripts { get; set; }

    public HandleRefusal HandleRefusal { get; set; } = HandleRefusal.EntityNotFound;

    /// <summary>On 2.5, realtime audio while a blocking call is pending closes 1008.</summary>
    public bool RefuseAudioDuringBlockingCall { get; set; } = true;

    /// <summary>On 3.1, clientContent after the first content closes 1007, as in spring 2026; the later documentation allows it.</summary>
    public bool ClientContentOnlyInitially { get; set; }

    /// <summary>audioStreamEnd is accepted but does not end the user's turn (python-genai#1328).</summary>
    public bool AudioStreamEndIgnored { get; set; }

    /// <summary>Models whose catalog entry says so send no more input transcription after that much of one turn (2.5: 30 s).</summary>
    public bool TranscriptionStops { get; set; }

    /// <summary>3.1 with manual activity and without an explicit turnCoverage hears nothing (dossier §7 #35).</summary>
    public bool DeafWithoutCoverage { get; set; }

    /// <summary>A resumed session keeps the parameters of its first setup, whatever the new setup says (measured once on 3.8).</summary>
    public bool ResumeKeepsFirstSetup { get; set; }

    /// <summary>A copy, so that a connection keeps the settings that it began with.</summary>
    public SimulatorKnobs Clone() => (SimulatorKnobs)MemberwiseClone();
}
