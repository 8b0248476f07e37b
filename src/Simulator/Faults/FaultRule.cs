namespace Gemini.Live.Simulator.Faults;

/// <summary>Where in a conversation a fault may strike.</summary>
public enum FaultPhase
{
    /// <summary>Before the upgrade is answered.</summary>
    Dial,

    /// <summary>From the setup frame to setupComplete.</summary>
    Setup,

    /// <summary>Nobody speaks, nothing is due.</summary>
    Idle,

    /// <summary>Inside the user's activity.</summary>
    UserSpeech,

    /// <summary>The user's turn is over, no output yet.</summary>
    Awaiting,

    /// <summary>Output is being sent, up to turnComplete.</summary>
    ModelSpeech,

    /// <summary>A blocking call is open.</summary>
    ToolRound,

    /// <summary>From generationComplete to turnComplete, beside <see cref="ModelSpeech"/>: all was generated, playback is assumed to run.</summary>
    Playback,

    /// <summary>On a resumed connection until its first turnComplete, beside the other phases.</summary>
    Replay,
}

/// <summary>What a fault does; see docs/simulator.md for each.</summary>
public enum FaultAction
{
    RefuseConnect,
    ResetConnect,
    Close,
    Abort,
    Silence,
    GoAway,
    RejectHandle,
    LoseContext,
    DelaySetupComplete,
    Stall,
    EmptyTurn,
    EarlyTurnComplete,
    RepeatSentence,
    OmitUsage,
    AudioBursts,
    TranscriptAhead,
    DuplicateTranscription,
    LateHandle,
    MissingHandle,
    SpuriousInterrupted,
    SlowPongs,
}

/// <summary>What follows a goAway.</summary>
public enum GoAwayEnd
{
    /// <summary>1011 <c>Deadline expired before operation could complete.</c> when the time is over.</summary>
    Deadline,

    /// <summary>1008 <c>The operation was aborted</c> when the time is over.</summary>
    Aborted,

    /// <summary>No close; the connection goes on to its cap.</summary>
    Nothing,

    /// <summary>Nothing is sent or read after the goAway, and no close comes.</summary>
    Silence,
}

/// <summary>One fault: where it strikes, how often, and what it does.</summary>
public sealed class FaultRule
{
    /// <summary>A part of the model's name.</summary>
    public string? Model { get; set; }

    /// <summary>Connection of the world since the last reset, from 1.</summary>
    public int? Connection { get; set; }

    /// <summary>Connection of its session, from 1.</summary>
    public int? SessionConnection { get; set; }

    /// <summary>Turn of the session's context, from 1.</summary>
    public int? Turn { get; set; }

    /// <summary>Phase; none means any that fits the action.</summary>
    public FaultPhase? Phase { get; set; }

    /// <summary>Strike so long after the phase began, if it still lasts.</summary>
    public int? AfterMs { get; set; }

    /// <summary>Strike after so many frames sent and received in the phase.</summary>
    public int? AfterFrames { get; set; }

    /// <summary>How often; 0 for always. Default 1.</summary>
    public int Times { get; set; } = 1;

    public FaultAction Action { get; set; }

    /// <summary>Close code of <see cref="FaultAction.Close"/>. Default 1011.</summary>
    public int Code { get; set; } = 1011;

    /// <summary>Close reason. Default Google's text for an internal error.</summary>
    public string Reason { get; set; } = "Internal error encountered.";

    /// <summary>HTTP status of <see cref="FaultAction.RefuseConnect"/>. Default 503.</summary>
    public int Status { get; set; } = 503;

    /// <summary>goAway's timeLeft; also the delay of actions that have one. Milliseconds.</summary>
    public int? Ms { get; set; }

    /// <summary>What follows a goAway.</summary>
    public GoAwayEnd Then { get; set; }

    /// <summary>How a handle is refused; none takes the knob's.</summary>
    public HandleRefusal? Form { get; set; }

    /// <summary>Slow pongs: bounds in ms; audio bursts: length of a burst (min) and of a gap (max).</summary>
    public int? MinMs { get; set; }

    public int? MaxMs { get; set; }
}
