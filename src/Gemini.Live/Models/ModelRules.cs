namespace Gemini.Live.Models;

/// <summary>Models that behave alike.</summary>
public enum ModelFamily
{
    NativeAudio25,
    FlashLive31,
    Live38,
    Live38ExtendedThinking,
}

/// <summary>Default of <c>realtimeInputConfig.turnCoverage</c> (dossier §2.3).</summary>
public enum TurnCoverage
{
    OnlyActivity,
    AllInput,
    AudioActivityAndAllVideo,
}

/// <summary>What <c>generationConfig.thinkingConfig</c> may hold.</summary>
/// <param name="Budget"><c>thinkingBudget</c> is accepted.</param>
/// <param name="Levels">Accepted values of <c>thinkingLevel</c>, lower case; empty when there is no such control.</param>
/// <param name="DefaultLevel">Level that applies without the member; null when unknown or without levels.</param>
/// <param name="PartsUnasked">Thought parts come in every turn, even without <c>includeThoughts</c>.</param>
public sealed record ThinkingRule(bool Budget, IReadOnlyList<string> Levels, string? DefaultLevel, bool PartsUnasked);

/// <summary>Whether <c>clientContent</c> is accepted once the conversation runs.</summary>
public enum ContentRule
{
    /// <summary>At any time.</summary>
    Anytime,
    /// <summary>Documented as accepted, but the same model has closed 1007 on it: our own words go as <c>realtimeInput.text</c>.</summary>
    Disputed,
}

/// <summary>How a fresh session is given the history of an old one.</summary>
public enum SeedingStyle
{
    /// <summary><c>clientContent</c> with a user turn at the end, and an explicit <c>turnComplete</c>.</summary>
    LastTurnMustBeUser,
    /// <summary><c>historyConfig.initialHistoryInClientContent</c>; may end with a model turn, triggers nothing.</summary>
    HistoryConfig,
}

/// <summary><c>functionDeclarations[].behavior</c>.</summary>
[Flags]
public enum FunctionBehaviours
{
    None = 0,
    Blocking = 1,
    NonBlocking = 2,
}

/// <summary>What happens with <c>functionResponses[].scheduling</c>.</summary>
public enum SchedulingSupport
{
    Honoured,
    Ignored,
    Unsupported,
}

/// <summary>Function calling.</summary>
/// <param name="Default">Behaviour of a declaration without <c>behavior</c>.</param>
/// <param name="Allowed">Behaviours that the setup may name.</param>
/// <param name="NonBlockingBlocks">NON_BLOCKING is accepted, but the model waits all the same.</param>
/// <param name="Scheduling">What happens with <c>scheduling</c>.</param>
/// <param name="WithGoogleSearch">Functions and <c>googleSearch</c> in one setup; null when unknown.</param>
/// <param name="InputDuringCallIsRisky">Realtime audio while a call is pending has ended connections with 1008.</param>
public sealed record FunctionRule(
    FunctionBehaviours Default,
    FunctionBehaviours Allowed,
    bool NonBlockingBlocks,
    SchedulingSupport Scheduling,
    bool? WithGoogleSearch,
    bool InputDuringCallIsRisky);

/// <summary><c>proactivity.proactiveAudio</c>.</summary>
public enum ProactivityRule
{
    OptIn,
    Unsupported,
    /// <summary>The model may always choose silence; <c>proactiveAudio:false</c> is refused.</summary>
    AlwaysOn,
}

/// <summary><c>generationConfig.enableAffectiveDialog</c>.</summary>
public enum AffectiveDialogRule
{
    Allowed,
    Unsupported,
    /// <summary>The setup succeeds and the first content frame is closed with 1007.</summary>
    DeferredRefusal,
}

/// <summary>How content is spread over server frames.</summary>
public enum FrameStyle
{
    /// <summary>One kind of content per frame.</summary>
    OneKindPerFrame,
    /// <summary>Audio and its transcript share frames; a turn starts with <c>{"serverContent":{}}</c>.</summary>
    AudioWithTranscript,
    /// <summary>One audio part per frame, transcripts apart, bare <c>{}</c> between them.</summary>
    OnePartAndEmptyFrames,
}

/// <summary>How transcripts are cut and when they come.</summary>
public enum TranscriptStyle
{
    /// <summary>Word-sized pieces with a leading space.</summary>
    Words,
    /// <summary>Pieces on the audio's frames, sometimes a whole sentence.</summary>
    WithAudio,
    /// <summary>Fragments in frames of their own, cut anywhere.</summary>
    Fragments,
    /// <summary>The whole text ahead of the audio, then <c>finished</c> in its own frame.</summary>
    AheadOfAudio,
}

/// <summary>Ids of function calls.</summary>
public enum ToolIdStyle
{
    /// <summary><c>function-call-</c> and 19–20 digits.</summary>
    FunctionCallDigits,
    /// <summary><c>fc_</c> and 19 digits.</summary>
    FcDigits,
    /// <summary><c>call_</c> and 6 digits.</summary>
    CallDigits,
    Uuid,
}

/// <summary>US dollars per million tokens.</summary>
public sealed record TokenPrices(decimal TextIn, decimal AudioIn, decimal ImageIn, decimal TextOut, decimal AudioOut);
