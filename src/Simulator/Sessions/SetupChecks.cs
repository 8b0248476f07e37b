using System.Text.Json;
using System.Text.RegularExpressions;
using Gemini.Live.Models;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>What a well-formed setup may still get wrong, per model (dossier §2.1, §2.2, §5.1, §6.2).</summary>
internal static partial class SetupChecks
{
    private static readonly string[] UnsupportedGeneration =
        ["responseLogprobs", "responseMimeType", "logprobs", "responseSchema", "responseJsonSchema", "stopSequences", "audioTimestamp"];

    /// <summary>Finds the model, then checks the setup against it; null and the model when all is well.</summary>
    public static Refusal? Check(JsonElement setup, ConnectRequest request, out ModelBehaviour? model)
    {
        model = null;
        var name = setup.Get("model").Text();
        if (string.IsNullOrEmpty(name))
            return Refusal.InvalidArgument;
        if ((model = Find(name, request)) is null)
            return Refusal.ModelNotFound(name, request.ApiVersion);
        // Vertex closes the setup on it (dossier §2.3).
        if (request.IsVertex && setup.Get("realtimeInputConfig").Get("turnCoverage").Text() == "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO")
            return Refusal.InvalidArgument;
        return CheckGeneration(setup.Get("generationConfig"), model)
            ?? CheckInput(setup, model)
            ?? CheckTools(setup.Get("tools"), model);
    }

    /// <summary>The model by its name on the surface that was dialled; the other surface's name is none (dossier §1.1, §5.1).</summary>
    private static ModelBehaviour? Find(string name, ConnectRequest request)
    {
        if (!request.IsVertex)
            return name.StartsWith("models/", StringComparison.Ordinal) ? ModelList.Find(name["models/".Length..]) : null;
        var match = VertexName().Match(name);
        return match.Success && (match.Groups["project"].Success || !request.Bearer) ? ModelList.FindVertex(match.Groups["id"].Value) : null;
    }

    /// <summary>Also used for contextUpdate.</summary>
    public static Refusal? CheckTools(JsonElement tools, ModelBehaviour model)
    {
        var declarations = 0;
        var search = false;
        foreach (var tool in tools.Items())
        {
            search |= tool.Get("googleSearch").Exists();
            if (tool.Get("codeExecution").Exists() || tool.Get("urlContext").Exists() || tool.Get("googleMaps").Exists()
                || tool.Get("fileSearch").Exists() || tool.Get("computerUse").Exists() || tool.Get("mcpServers").Exists()
                || tool.Get("googleSearchRetrieval").Exists() || !tool.EnumerateObject().Any())
            {
                return Refusal.InvalidArgument;
            }
            foreach (var declaration in tool.Get("functionDeclarations").Items())
            {
                declarations++;
                if (declaration.Get("name").Text() is not { } name || !FunctionName().IsMatch(name)
                    || (declaration.Get("parameters").Exists() && declaration.Get("parametersJsonSchema").Exists())
                    || (!model.AllowsBehavior(declaration.Get("behavior").Text())))
                {
                    return Refusal.InvalidArgument;
                }
            }
        }
        return declarations > 512 || (model.Facts.Functions.WithGoogleSearch == false && search && declarations > 0) ? Refusal.InvalidArgument : null;
    }

    private static Refusal? CheckGeneration(JsonElement generation, ModelBehaviour model)
    {
        if (UnsupportedGeneration.Any(name => generation.Get(name).Exists()))
            return Refusal.InvalidArgument;
        foreach (var modality in generation.Get("responseModalities").Items())
        {
            if (modality.Text() is not "AUDIO")
                return Refusal.InvalidArgument;
        }
        var thinking = generation.Get("thinkingConfig");
        if (thinking.Get("thinkingLevel").Text() is { } level and not "THINKING_LEVEL_UNSPECIFIED" && !model.AllowsThinkingLevel(level))
            return Refusal.InvalidArgument;
        if (thinking.Get("thinkingBudget").Exists() && (!model.Facts.Thinking.Budget || thinking.Get("thinkingLevel").Exists()))
            return Refusal.InvalidArgument;
        if (generation.Get("enableAffectiveDialog").IsTrue() && model.Facts.AffectiveDialog == AffectiveDialogRule.Unsupported)
            return Refusal.InvalidArgument;
        if (generation.Get("speechConfig").Get("multiSpeakerVoiceConfig").Exists() || generation.Get("translationConfig").Exists())
            return Refusal.InvalidArgument;
        return null;
    }

    private static Refusal? CheckInput(JsonElement setup, ModelBehaviour model)
    {
        foreach (var part in setup.Get("systemInstruction").Get("parts").Items())
        {
            if (part.Get("text").Text() is null)
                return Refusal.InvalidArgument;
        }
        var proactivity = setup.Get("proactivity");
        if (proactivity.Exists() && Refuses(model.Facts.Proactivity, proactivity))
            return Refusal.InvalidArgument;
        if (proactivity.Get("proactiveVideo").IsTrue() && !proactivity.Get("proactiveAudio").IsTrue())
            return Refusal.InvalidArgument;
        var compression = setup.Get("contextWindowCompression");
        if (compression.Exists() && !compression.Get("slidingWindow").Exists() && !compression.Get("triggerTokens").Exists())
            return Refusal.InvalidArgument;
        if (compression.Get("slidingWindow").Get("targetTokens").Integer() is { } target
            && compression.Get("triggerTokens").Integer() is { } trigger && target >= trigger)
        {
            return Refusal.InvalidArgument;
        }
        var detection = setup.Get("realtimeInputConfig").Get("automaticActivityDetection");
        return detection.Get("prefixPaddingMs").Integer() < 0 || detection.Get("silenceDurationMs").Integer() < 0
            ? Refusal.InvalidArgument
            : null;
    }

    private static bool Refuses(ProactivityRule rule, JsonElement proactivity) => rule switch
    {
        ProactivityRule.Unsupported => true,
        // The model always listens; asking it not to is an error.
        ProactivityRule.AlwaysOn => !proactivity.Get("proactiveAudio").IsTrue(),
        _ => false,
    };

    [GeneratedRegex("^(?<project>projects/[^/]+/locations/[^/]+/)?publishers/google/models/(?<id>[^/]+)$", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex VertexName();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.:\-]{0,127}$", RegexOptions.NonBacktracking)]
    private static partial Regex FunctionName();
}
