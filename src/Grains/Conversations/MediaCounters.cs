namespace Orchestrator.Grains.Conversations;

/// <summary>
/// What steady audio changes: plain numbers, updated in place so that a 20 ms frame costs no allocation.
/// Everything that needs a decision goes through <see cref="ConversationStep"/>. Times are milliseconds
/// since the conversation was opened; sequence numbers are input positions.
/// </summary>
public struct MediaCounters
{
    /// <summary>Newest input position.</summary>
    public long LastInput;

    /// <summary>Newest input position that says something: voiced audio, text, content or an activity mark.</summary>
    public long LastMeaningful;

    /// <summary>Newest input position that was handed to the present link; a backlog may be behind <see cref="LastInput"/>.</summary>
    public long SentTo;

    /// <summary>What the user said lately.</summary>
    public Utterances Said;

    /// <summary>When the user's current turn began to be heard, and when it was last heard; 0 before.</summary>
    public long FirstVoicedAt, LastVoicedAt;

    /// <summary>Voiced audio of the user's current turn.</summary>
    public long VoicedMs;

    /// <summary>Unvoiced audio since the last voiced frame.</summary>
    public long QuietMs;

    /// <summary>Number of the newest output frame.</summary>
    public long LastOutput;

    /// <summary>When the model's current turn was first heard; 0 before.</summary>
    public long FirstSpokenAt;

    /// <summary>Audio of the model's current turn.</summary>
    public long SpokenMs;

    internal void ForgetUserTurn() => (FirstVoicedAt, LastVoicedAt, VoicedMs, QuietMs) = (0, 0, 0, 0);

    internal void ForgetModelTurn() => (FirstSpokenAt, SpokenMs) = (0, 0);
}
