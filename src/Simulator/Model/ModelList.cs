namespace Gemini.Live.Simulator.Model;

/// <summary>The models that the simulator serves, and how each behaves.</summary>
internal static class ModelList
{
    private static readonly HashSet<string> LowToHigh = new(StringComparer.Ordinal) { "LOW", "MEDIUM", "HIGH" };
    private static readonly HashSet<string> MinimalToHigh = new(StringComparer.Ordinal) { "MINIMAL", "LOW", "MEDIUM", "HIGH" };

    private static readonly ModelBehaviour Native25 = new("", OutputStyle.Words, ToolIdStyle.FunctionCall, ToolMode.BlockingByDefault)
    {
        ThoughtParts = true,
        ThoughtTokens = 24,
        PromptOverhead = 370,
        LastSeedMustBeUser = true,
        SeedNeedsTurnComplete = true,
        AffectiveDialog = true,
        Proactivity = true,
        ThinkingLevels = LowToHigh,
        ThinkingBudget = true,
        SearchExcludesFunctions = true,
        Scheduling = true,
        AudioDuringCallRefused = true,
    };

    private static readonly ModelBehaviour Live38 = new("", OutputStyle.Fragments, ToolIdStyle.Call, ToolMode.NonBlockingByDefault)
    {
        ThoughtTokens = 71,
        PromptOverhead = 25,
        RolesRequired = true,
        AffectiveDialogRefusedLate = true,
        AlwaysProactive = true,
        Proactivity = true,
        ContextUpdate = true,
        Scheduling = true,
    };

    /// <summary>Every Live model, in the order of <c>GET /v1beta/models</c>.</summary>
    public static IReadOnlyList<ModelBehaviour> Live { get; } =
    [
        Live38 with { Id = "gemini-3.8-live" },
        Live38 with
        {
            Id = "gemini-3.8-live-extended-thinking",
            Tools = ToolMode.NonBlockingOnly,
            ExtendedThinking = true,
            ThinkingLevels = LowToHigh,
            Scheduling = false,
        },
        new("gemini-3.1-flash-live-preview", OutputStyle.Shared, ToolIdStyle.Fc, ToolMode.AlwaysBlocking)
        {
            PromptOverhead = 143,
            UnaskedHandles = true,
            RolesRequired = true,
            ThinkingLevels = MinimalToHigh,
            ThinkingBudget = true,
            MaxSilence = TimeSpan.FromSeconds(2),
            ManualNeedsCoverage = true,
        },
        Native25 with { Id = "gemini-2.5-flash-native-audio-preview-12-2025" },
        Native25 with { Id = "gemini-2.5-flash-native-audio-preview-09-2025", PromptOverhead = 1_130 },
        Native25 with { Id = "gemini-2.5-flash-native-audio-latest" },
    ];

    /// <summary>Models of generateContent.</summary>
    public static IReadOnlyList<string> Text { get; } = ["gemini-3.5-flash", "gemini-3.1-flash-lite", "gemini-2.5-flash", "gemini-2.5-flash-lite"];

    public static ModelBehaviour? Find(string id) => Live.FirstOrDefault(model => model.Id == id);
}
