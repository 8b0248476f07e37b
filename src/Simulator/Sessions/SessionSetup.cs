using System.Text.Json;
using Gemini.Live.Models;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>A declared function and whether a call of it blocks the model.</summary>
internal sealed record DeclaredFunction(string Name, bool Blocking);

/// <summary>What a valid setup says, in the terms that the session needs.</summary>
internal sealed record SessionSetup(ModelBehaviour Model)
{
    public string? Handle { get; init; }

    public bool Resumption { get; init; }

    public bool ManualActivity { get; init; }

    public bool NoInterruption { get; init; }

    /// <summary>Silence outside of activity counts into the context as well.</summary>
    public bool CountsAllInput { get; init; }

    public TimeSpan PrefixPadding { get; init; }

    public TimeSpan Silence { get; init; }

    public int Threshold { get; init; }

    public bool InputTranscription { get; init; }

    public bool OutputTranscription { get; init; }

    public bool IncludeThoughts { get; init; }

    public bool InitialHistory { get; init; }

    /// <summary>Refuse the first content frame, as 3.8 does with enableAffectiveDialog.</summary>
    public bool RefuseFirstContent { get; init; }

    /// <summary>3.1 with manual activity and the default turn coverage does not hear the audio.</summary>
    public bool Deaf { get; init; }

    public long? CompressionTrigger { get; init; }

    public long CompressionTarget { get; init; }

    /// <summary>Text of the system instruction; empty when there is none.</summary>
    public string Instruction { get; init; } = "";

    /// <summary>Tokens of instructions and tools.</summary>
    public int PromptTokens { get; init; }

    public IReadOnlyDictionary<string, DeclaredFunction> Functions { get; init; } = new Dictionary<string, DeclaredFunction>(StringComparer.Ordinal);

    /// <summary>Reads a setup that passed <see cref="SetupChecks"/>.</summary>
    public static SessionSetup Read(JsonElement setup, ModelBehaviour model, SimulatorOptions options, bool vertex)
    {
        var realtime = setup.Get("realtimeInputConfig");
        var detection = realtime.Get("automaticActivityDetection");
        var manual = detection.Get("disabled").IsTrue();
        // The default is high on the Developer API and low on Vertex (dossier §2.3).
        var low = detection.Get("startOfSpeechSensitivity").Text() is { } sensitivity ? sensitivity == "START_SENSITIVITY_LOW" : vertex;
        var coverage = realtime.Get("turnCoverage").Text();
        var compression = setup.Get("contextWindowCompression");
        var trigger = compression.Exists() ? compression.Get("triggerTokens").Integer() ?? (long)(options.ContextWindow * 0.8) : (long?)null;
        var resumption = setup.Get("sessionResumption");
        return new SessionSetup(model)
        {
            Handle = resumption.Get("handle").Text() is { Length: > 0 } handle ? handle : null,
            Resumption = resumption.Exists(),
            ManualActivity = manual,
            NoInterruption = realtime.Get("activityHandling").Text() == "NO_INTERRUPTION",
            CountsAllInput = model.Facts.Proactivity == ProactivityRule.AlwaysOn || coverage == "TURN_INCLUDES_ALL_INPUT",
            PrefixPadding = Milliseconds(detection.Get("prefixPaddingMs")) ?? options.PrefixPadding,
            Silence = Min(Milliseconds(detection.Get("silenceDurationMs")) ?? options.SilenceDuration, model.MaxSilence),
            Threshold = options.SpeechThreshold * (low ? 2 : 1),
            InputTranscription = setup.Get("inputAudioTranscription").Exists(),
            OutputTranscription = setup.Get("outputAudioTranscription").Exists(),
            IncludeThoughts = setup.Get("generationConfig").Get("thinkingConfig").Get("includeThoughts").IsTrue(),
            InitialHistory = setup.Get("historyConfig").Get("initialHistoryInClientContent").IsTrue(),
            RefuseFirstContent = model.Facts.AffectiveDialog == AffectiveDialogRule.DeferredRefusal && setup.Get("generationConfig").Get("enableAffectiveDialog").IsTrue(),
            Deaf = model.Facts.ManualActivityNeedsCoverage && manual && coverage is not ("TURN_INCLUDES_ALL_INPUT" or "TURN_INCLUDES_ONLY_ACTIVITY"),
            CompressionTrigger = trigger,
            CompressionTarget = compression.Get("slidingWindow").Get("targetTokens").Integer() ?? (trigger ?? 0) / 2,
            Instruction = string.Concat(setup.Get("systemInstruction").Get("parts").Items().Select(part => part.Get("text").Text())),
            PromptTokens = (setup.Get("systemInstruction").RawLength() + setup.Get("tools").RawLength()) / 4,
            Functions = ReadFunctions(setup.Get("tools"), model),
        };
    }

    /// <summary>The same setup with other tools or instructions (contextUpdate).</summary>
    public SessionSetup With(JsonElement update)
    {
        var tools = update.Get("tools");
        return tools.Exists() ? this with { Functions = ReadFunctions(tools.Get("tools"), Model) } : this;
    }

    private static Dictionary<string, DeclaredFunction> ReadFunctions(JsonElement tools, ModelBehaviour model)
    {
        var functions = new Dictionary<string, DeclaredFunction>(StringComparer.Ordinal);
        foreach (var declaration in tools.Items().SelectMany(tool => tool.Get("functionDeclarations").Items()))
        {
            var name = declaration.Get("name").Text()!;
            functions[name] = new DeclaredFunction(name, model.Blocks(declaration.Get("behavior").Text()));
        }
        return functions;
    }

    private static TimeSpan? Milliseconds(JsonElement value) => value.Integer() is { } ms ? TimeSpan.FromMilliseconds(ms) : null;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
