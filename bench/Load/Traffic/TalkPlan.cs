namespace Orchestrator.Bench.Load.Traffic;

/// <summary>
/// How a conversation goes: the microphone never stops; a turn is half a second of speech, half a second in which activity
/// detection would find its end, the answer, and a short pause.
/// </summary>
/// <param name="TurnSeconds">Length of a turn with its answer, at least 2.</param>
/// <param name="Manual">The client marks its speech instead of leaving that to the model.</param>
internal sealed record TalkPlan(double TurnSeconds = 8, bool Manual = false)
{
    private const int SpeechFrames = 500 / Frames.Milliseconds;
    private const int SilenceFrames = 500 / Frames.Milliseconds;
    private const int PauseFrames = 200 / Frames.Milliseconds;

    public int TurnFrames => (int)(TurnSeconds * 1000 / Frames.Milliseconds);

    /// <summary>Frames of the model for each frame of the user.</summary>
    public double EchoShare => (double)(TurnFrames - SpeechFrames - SilenceFrames - PauseFrames) / TurnFrames;

    /// <param name="frame">Number of the frame within its conversation.</param>
    public Part At(long frame)
    {
        var at = frame % TurnFrames;
        return at < SpeechFrames ? Part.Speech : at >= SpeechFrames + SilenceFrames && at < TurnFrames - PauseFrames ? Part.Echo : Part.Listen;
    }

    /// <summary>With manual activity: the mark that goes before this frame, if any.</summary>
    public string? MarkBefore(long frame) => !Manual ? null : (frame % TurnFrames) switch
    {
        0 => """{"realtimeInput":{"activityStart":{}}}""",
        SpeechFrames => """{"realtimeInput":{"activityEnd":{}}}""",
        _ => null,
    };
}
