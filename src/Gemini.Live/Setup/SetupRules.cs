using System.Text.Json;
using Gemini.Live.Models;
using Gemini.Live.Scanning;

namespace Gemini.Live.Setup;

/// <summary>What is refused before upstream is asked, in the words that Google uses (dossier §5.1, §6.2).</summary>
internal static class SetupRules
{
    /// <summary>The scanner's bound on nesting.</summary>
    public static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = 100 };

    /// <summary>Null when the setup may go on.</summary>
    public static WireFault? Check(JsonElement setup)
    {
        if (setup.ValueKind != JsonValueKind.Object)
        {
            return WireFault.InvalidValue("setup");
        }

        var model = WireObject.Get(setup, "model");
        if (model.ValueKind is not (JsonValueKind.String or JsonValueKind.Undefined))
        {
            return WireFault.InvalidValue("setup.model");
        }

        if (model.ValueKind == JsonValueKind.Undefined || model.GetString() is not { Length: > 0 } name)
        {
            return WireFault.InvalidArgument;
        }

        var resumption = WireObject.Get(setup, "sessionResumption");
        if (resumption.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
        {
            return WireFault.InvalidValue("setup.session_resumption");
        }

        var handle = WireObject.Get(resumption, "handle");
        if (handle.ValueKind is not (JsonValueKind.String or JsonValueKind.Undefined))
        {
            return WireFault.InvalidValue("setup.session_resumption.handle");
        }

        // Only what the catalog is sure of: a model that we do not know is upstream's to judge.
        var entry = ModelCatalog.Find(name, out var known);
        return known && IsForbidden(setup, entry) ? WireFault.InvalidArgument : null;
    }

    private static bool IsForbidden(JsonElement setup, ModelEntry entry) =>
        (!entry.TextOutput && Modalities(setup).Any(modality => IsText(modality, "TEXT")))
        || (entry.Proactivity == ProactivityRule.AlwaysOn && WireObject.Get(setup, "proactivity", "proactiveAudio").ValueKind == JsonValueKind.False)
        || (!entry.Functions.Allowed.HasFlag(FunctionBehaviours.Blocking) && Declarations(setup).Any(function => IsText(WireObject.Get(function, "behavior"), "BLOCKING")));

    private static IEnumerable<JsonElement> Modalities(JsonElement setup) =>
        WireObject.Items(WireObject.Get(setup, "generationConfig"), "responseModalities");

    private static IEnumerable<JsonElement> Declarations(JsonElement setup) =>
        WireObject.Items(setup, "tools").SelectMany(tool => WireObject.Items(tool, "functionDeclarations"));

    private static bool IsText(JsonElement value, string text) => value.ValueKind == JsonValueKind.String && value.ValueEquals(text);
}
