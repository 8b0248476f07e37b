namespace Gemini.Live.Models;

/// <summary>What one model accepts, forbids and does. Sources stand beside the values in <see cref="ModelCatalog"/>.</summary>
public sealed record ModelEntry
{
    /// <summary>Model id without any prefix; ends with <c>*</c> when it stands for a series.</summary>
    public required string Id { get; init; }

    public required ModelFamily Family { get; init; }

    /// <summary>Served by Vertex only: its dialect of frames, ids and usage names.</summary>
    public bool VertexOnly { get; init; }

    public required TurnCoverage DefaultTurnCoverage { get; init; }

    /// <summary>With manual activity and the default coverage the model hears nothing; the coverage must be named.</summary>
    public bool ManualActivityNeedsCoverage { get; init; }

    public required ThinkingRule Thinking { get; init; }

    /// <summary><c>clientContent</c> after the conversation has begun.</summary>
    public required ContentRule MidSessionContent { get; init; }

    /// <summary>Every turn of <c>clientContent</c> needs a role, otherwise 1007.</summary>
    public required bool RolesRequired { get; init; }

    public required SeedingStyle Seeding { get; init; }

    /// <summary>After a seed the model stays silent until it gets some realtime input.</summary>
    public bool RunsOnlyAfterRealtimeInput { get; init; }

    public required FunctionRule Functions { get; init; }

    public required ProactivityRule Proactivity { get; init; }

    public required AffectiveDialogRule AffectiveDialog { get; init; }

    public required FrameStyle Frames { get; init; }

    public required TranscriptStyle Transcripts { get; init; }

    public required ToolIdStyle ToolIds { get; init; }

    /// <summary>Work ends with <c>interactionStatus: IDLE</c>, not with <c>turnComplete</c>.</summary>
    public bool StatusEndsWork { get; init; }

    /// <summary>Input transcription stops after this much speech in one turn; null when it does not.</summary>
    public TimeSpan? InputTranscriptionStopsAfter { get; init; }

    /// <summary><c>sessionResumptionUpdate</c> comes even when the setup did not ask for it.</summary>
    public bool ResumptionUpdateUnasked { get; init; }

    /// <summary>With manual activity, <c>realtimeInput.text</c> inside an open activity is not answered.</summary>
    public required bool TextInActivityIsIgnored { get; init; }

    /// <summary><c>realtimeInput.mediaChunks</c> is closed with 1007.</summary>
    public bool MediaChunksRefused { get; init; } = true;

    /// <summary>TEXT in <c>responseModalities</c> is accepted.</summary>
    public bool TextOutput { get; init; }

    /// <summary>How many times faster than real time input may be replayed under automatic activity detection.</summary>
    public double ReplayPacing { get; init; } = 4;

    public int ContextWindowTokens { get; init; } = 131_072;

    public required int OutputTokens { get; init; }

    /// <summary>Prompt tokens that an almost empty prompt is billed; 0 when nobody measured it.</summary>
    public int PromptOverheadTokens { get; init; }

    public required TokenPrices Prices { get; init; }

    /// <summary>The model may rightly answer speech with silence.</summary>
    public bool MayStaySilent => Proactivity == ProactivityRule.AlwaysOn;
}
