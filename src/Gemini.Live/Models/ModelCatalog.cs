namespace Gemini.Live.Models;

/// <summary>
/// The models that we know, as data. Each fact carries its certainty and where it comes from:
/// [O] official documentation, [S] official SDK source, [M] measured by a third party against the real server,
/// [R] reported by users, [?] unknown or contradictory, our cautious choice. § numbers are those of the protocol
/// dossier that the project keeps (docs/protocol/live.md says how we use it).
/// </summary>
public static class ModelCatalog
{
    // §8, price pages of 2026-10-09 [O].
    private static readonly TokenPrices Prices3 = new(TextIn: 0.75m, AudioIn: 3.00m, ImageIn: 1.00m, TextOut: 4.50m, AudioOut: 12.00m);
    private static readonly TokenPrices Prices25 = new(TextIn: 0.50m, AudioIn: 3.00m, ImageIn: 3.00m, TextOut: 2.00m, AudioOut: 12.00m);

    private static readonly ModelEntry NativeAudio25 = new()
    {
        Id = "gemini-2.5-flash-native-audio-*", // also -latest; §6.1 [M]
        Family = ModelFamily.NativeAudio25,
        DefaultTurnCoverage = TurnCoverage.OnlyActivity, // §2.3 [O]
        Thinking = new(
            Budget: true, // dynamic by default, 0 is off; §6.2 [O]
            Levels: ["low"], // accepted by -latest; §6.2 [M]
            DefaultLevel: null,
            PartsUnasked: true), // §6.2 [M]
        MidSessionContent = ContentRule.Anytime, // §6.2 [O]; racing realtime input closes 1007: §7 #20 [R]
        RolesRequired = false, // an absent role acted as a system update; §2.4 [R]
        Seeding = SeedingStyle.LastTurnMustBeUser, // §2.4, §6.2, §7 #22 [R]
        Functions = new(
            Default: FunctionBehaviours.Blocking, // §6.2 [O, M]
            Allowed: FunctionBehaviours.Blocking | FunctionBehaviours.NonBlocking, // §6.2 [O, M]
            NonBlockingBlocks: false,
            Scheduling: SchedulingSupport.Honoured, // §6.2
            WithGoogleSearch: false, // §2.2 [M]
            InputDuringCallIsRisky: true), // §5.1, §7 #11 [R]
        Proactivity = ProactivityRule.OptIn, // §6.2
        AffectiveDialog = AffectiveDialogRule.Allowed, // §6.2
        Frames = FrameStyle.OneKindPerFrame, // §3.8.2 [M], §6.2 [O]
        Transcripts = TranscriptStyle.Words, // §6.4 [M]
        ToolIds = ToolIdStyle.FunctionCallDigits, // §3.3 [M]
        InputTranscriptionStopsAfter = TimeSpan.FromSeconds(30), // §7 #10 [R]
        TextInActivityIsIgnored = true, // measured on 3.8 only; §2.5 [?]
        OutputTokens = 8_192, // §4 [O]
        PromptOverheadTokens = 1_130, // -09-2025; 370–540 with -latest; §3.6 [M]
        Prices = Prices25,
    };

    // The recordings of Vertex are of its half-cascade sibling; native audio may differ; §3.8.4 [M, ?].
    private static readonly ModelEntry NativeAudio25Vertex = NativeAudio25 with
    {
        Id = "gemini-live-2.5-flash-native-audio", // §6.1 [O]
        VertexOnly = true,
        Transcripts = TranscriptStyle.AheadOfAudio, // §6.4 [M]
        ToolIds = ToolIdStyle.Uuid, // §3.3 [M]
        PromptOverheadTokens = 12, // §3.6 [M]
    };

    private static readonly ModelEntry FlashLive31 = new()
    {
        Id = "gemini-3.1-flash-live-preview",
        Family = ModelFamily.FlashLive31,
        DefaultTurnCoverage = TurnCoverage.AudioActivityAndAllVideo, // §2.3 [O]
        ManualActivityNeedsCoverage = true, // §7 #35 [R]
        Thinking = new(
            Budget: true, // 128 was accepted; §6.2 [M]
            Levels: ["minimal", "low", "medium", "high"], // §6.2 [O]
            DefaultLevel: "minimal", // §6.2 [O]
            PartsUnasked: false), // §6.2 [M]
        MidSessionContent = ContentRule.Disputed, // 1007 until summer 2026, documented since; §6.2 [O, ?]
        RolesRequired = true, // §6.2 [O]
        Seeding = SeedingStyle.HistoryConfig, // §6.2 [R]
        RunsOnlyAfterRealtimeInput = true, // §6.2 [R]
        Functions = new(
            Default: FunctionBehaviours.Blocking, // synchronous only; §6.2 [O]
            Allowed: FunctionBehaviours.Blocking | FunctionBehaviours.NonBlocking, // accepted; §6.2 [M]
            NonBlockingBlocks: true, // §6.2 [M]
            Scheduling: SchedulingSupport.Ignored, // §6.2
            WithGoogleSearch: null, // §6.2 [?]
            InputDuringCallIsRisky: false), // nothing known; §6.2 [?]
        Proactivity = ProactivityRule.Unsupported, // §6.2
        AffectiveDialog = AffectiveDialogRule.Unsupported, // §6.2
        Frames = FrameStyle.AudioWithTranscript, // §3.8.3 [O, M]
        Transcripts = TranscriptStyle.WithAudio, // §6.4 [M]
        ToolIds = ToolIdStyle.FcDigits, // §3.3 [M]
        ResumptionUpdateUnasked = true, // §3.5 [M]
        TextInActivityIsIgnored = true, // measured on 3.8 only; §2.5 [?]
        OutputTokens = 65_536, // §4 [O]
        PromptOverheadTokens = 165, // 140–190; §3.6 [M]
        Prices = Prices3,
    };

    private static readonly ModelEntry Live38 = new()
    {
        Id = "gemini-3.8-live",
        Family = ModelFamily.Live38,
        DefaultTurnCoverage = TurnCoverage.AudioActivityAndAllVideo, // §2.3 [O]
        Thinking = new(
            Budget: false, // omit thinkingConfig; §6.2 [O]
            Levels: [],
            DefaultLevel: null,
            PartsUnasked: false), // §6.2 [M]
        MidSessionContent = ContentRule.Anytime, // §6.2 [O, M]
        RolesRequired = true, // 1007 without; §2.4 [M]
        Seeding = SeedingStyle.HistoryConfig, // §6.2 [O]
        Functions = new(
            Default: FunctionBehaviours.NonBlocking, // §6.2 [O]
            Allowed: FunctionBehaviours.Blocking | FunctionBehaviours.NonBlocking, // §6.2 [O]
            NonBlockingBlocks: false,
            Scheduling: SchedulingSupport.Honoured, // §2.6, §6.2 [O, M]
            WithGoogleSearch: true, // §2.2 [M]
            InputDuringCallIsRisky: false), // on Vertex the pending call is cancelled instead; §6.2 [O]
        Proactivity = ProactivityRule.AlwaysOn, // §6.2 [O]
        AffectiveDialog = AffectiveDialogRule.DeferredRefusal, // §5.1, §6.2 [M]
        Frames = FrameStyle.OnePartAndEmptyFrames, // §1.4, §3.8.3 [M]
        Transcripts = TranscriptStyle.Fragments, // §6.4 [M]
        ToolIds = ToolIdStyle.CallDigits, // §3.3 [M]
        TextInActivityIsIgnored = true, // §2.5 [M]
        OutputTokens = 65_536, // §4 [O]
        Prices = Prices3,
    };

    private static readonly ModelEntry Live38ExtendedThinking = Live38 with
    {
        Id = "gemini-3.8-live-extended-thinking",
        Family = ModelFamily.Live38ExtendedThinking,
        Thinking = new(
            Budget: false, // §6.2 [O]
            Levels: ["low", "medium", "high"], // no minimal; §6.2 [O]
            DefaultLevel: null, // one team sends medium; §6.2 [R]
            PartsUnasked: false), // with includeThoughts; §6.2
        Functions = new(
            Default: FunctionBehaviours.NonBlocking, // §6.2 [O]
            Allowed: FunctionBehaviours.NonBlocking, // BLOCKING is an error; §6.2 [O]
            NonBlockingBlocks: false,
            Scheduling: SchedulingSupport.Unsupported, // §6.2 [R]
            WithGoogleSearch: null, // §6.2 [?]
            InputDuringCallIsRisky: false), // §6.2 [?]
        ToolIds = ToolIdStyle.CallDigits, // as its sibling; §3.3 [?]
        StatusEndsWork = true, // §6.3 [O]
    };

    /// <summary>Every entry, oldest family first.</summary>
    public static IReadOnlyList<ModelEntry> All { get; } =
        [NativeAudio25, NativeAudio25Vertex, FlashLive31, Live38, Live38ExtendedThinking];

    /// <summary>
    /// The entry of a model as it stands in <c>setup.model</c>: <c>models/x</c>, <c>x</c>,
    /// <c>publishers/google/models/x</c> or <c>projects/…/models/x</c>.
    /// </summary>
    /// <param name="known">False when the newest family's entry stands in for a model that we do not know.</param>
    public static ModelEntry Find(string model, out bool known)
    {
        var id = model.AsSpan(model.LastIndexOf('/') + 1);
        foreach (var entry in All)
        {
            if (entry.Id.EndsWith('*') ? id.StartsWith(entry.Id.AsSpan(0, entry.Id.Length - 1)) : id.SequenceEqual(entry.Id))
            {
                known = true;
                return entry;
            }
        }

        known = false;
        return Live38;
    }
}
