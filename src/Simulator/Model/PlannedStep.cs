namespace Gemini.Live.Simulator.Model;

/// <summary>One frame of a reply and its time after the reply began.</summary>
internal abstract record PlannedStep(TimeSpan At)
{
    /// <summary>Audio, transcript or both.</summary>
    internal sealed record Speak(TimeSpan At, ReadOnlyMemory<byte> Pcm, string? Transcript) : PlannedStep(At);

    /// <summary>A thought part.</summary>
    internal sealed record Think(TimeSpan At, string Text) : PlannedStep(At);

    /// <summary>The end of a transcript that runs ahead of the audio.</summary>
    internal sealed record TranscriptFinished(TimeSpan At) : PlannedStep(At);

    /// <summary>An empty frame: <c>{}</c> or <c>{"serverContent":{}}</c>.</summary>
    internal sealed record Filler(TimeSpan At, bool ServerContent) : PlannedStep(At);

    /// <summary>All output of this part was sent; what follows is decided by the turn.</summary>
    internal sealed record Done(TimeSpan At) : PlannedStep(At);
}

/// <summary>Deviations from the normal shape of a reply, from faults.</summary>
internal sealed record ReplyShape
{
    public static readonly ReplyShape Normal = new();

    public bool TranscriptAhead { get; init; }

    /// <summary>Length of a burst, and of the gap behind it; null for an even stream.</summary>
    public (TimeSpan Burst, TimeSpan Gap)? Bursts { get; init; }

    /// <summary>Say everything so many times in a row.</summary>
    public int Repeats { get; init; } = 1;
}
