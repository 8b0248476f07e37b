namespace Gemini.Live.Simulator.Model;

/// <summary>How a model puts its output into frames (dossier §3.8, §6.4).</summary>
internal enum OutputStyle
{
    /// <summary>2.5: word-sized transcript frames between audio frames, thought part first.</summary>
    Words,

    /// <summary>3.1: <c>{"serverContent":{}}</c> first, then audio and transcript share one serverContent.</summary>
    Shared,

    /// <summary>3.8: one audio part per frame with role model, transcript fragments in frames of their own, <c>{}</c> fillers.</summary>
    Fragments,
}

/// <summary>Form of tool call ids (dossier §3.3).</summary>
internal enum ToolIdStyle
{
    FunctionCall,
    Fc,
    Call,
}

/// <summary>How calls behave when the declaration does not say, and what may be asked for.</summary>
internal enum ToolMode
{
    /// <summary>Blocking unless NON_BLOCKING is declared (2.5).</summary>
    BlockingByDefault,

    /// <summary>Always blocking; NON_BLOCKING is accepted and ignored (3.1).</summary>
    AlwaysBlocking,

    /// <summary>Not blocking unless BLOCKING is declared (3.8).</summary>
    NonBlockingByDefault,

    /// <summary>Not blocking; BLOCKING is refused (extended thinking).</summary>
    NonBlockingOnly,
}

/// <summary>What distinguishes one model from another on the wire (dossier §6.2; each member says what it decides).</summary>
internal sealed record ModelBehaviour(string Id, OutputStyle Output, ToolIdStyle ToolIds, ToolMode Tools)
{
    /// <summary>Text part <c>thought:true</c> each turn without being asked.</summary>
    public bool ThoughtParts { get; init; }

    /// <summary><c>thoughtsTokenCount</c> of a turn; 0 leaves it out.</summary>
    public int ThoughtTokens { get; init; }

    /// <summary>Tokens that the prompt costs before anything was said.</summary>
    public int PromptOverhead { get; init; }

    /// <summary>Several turnComplete per request; only interactionStatus IDLE ends it.</summary>
    public bool ExtendedThinking { get; init; }

    /// <summary>sessionResumptionUpdate even if the setup did not ask.</summary>
    public bool UnaskedHandles { get; init; }

    /// <summary>Every turn of clientContent needs a role.</summary>
    public bool RolesRequired { get; init; }

    /// <summary>The last seeded turn must be the user's.</summary>
    public bool LastSeedMustBeUser { get; init; }

    /// <summary>clientContent takes effect only with turnComplete.</summary>
    public bool SeedNeedsTurnComplete { get; init; }

    /// <summary>enableAffectiveDialog: refused at the first content frame, not at setup.</summary>
    public bool AffectiveDialogRefusedLate { get; init; }

    /// <summary>enableAffectiveDialog is accepted.</summary>
    public bool AffectiveDialog { get; init; }

    /// <summary>proactivity.proactiveAudio false is refused; the model always listens.</summary>
    public bool AlwaysProactive { get; init; }

    /// <summary>proactivity is accepted at all.</summary>
    public bool Proactivity { get; init; }

    /// <summary>Thinking levels accepted; empty refuses thinkingLevel.</summary>
    public IReadOnlySet<string> ThinkingLevels { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>thinkingBudget is accepted.</summary>
    public bool ThinkingBudget { get; init; }

    /// <summary>googleSearch and functionDeclarations together are refused.</summary>
    public bool SearchExcludesFunctions { get; init; }

    /// <summary>contextUpdate is known.</summary>
    public bool ContextUpdate { get; init; }

    /// <summary>scheduling of a tool response has an effect.</summary>
    public bool Scheduling { get; init; }

    /// <summary>Realtime audio while a blocking call is pending closes 1008 (knob).</summary>
    public bool AudioDuringCallRefused { get; init; }

    /// <summary>Upper bound of the effective silence duration; 3.1 ends turns after 2 s whatever was set.</summary>
    public TimeSpan MaxSilence { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Manual activity with the default turn coverage hears nothing (dossier §7 #35).</summary>
    public bool ManualNeedsCoverage { get; init; }
}
