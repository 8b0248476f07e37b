using Gemini.Live.Models;

namespace Gemini.Live.Simulator.Model;

/// <summary>The models that the simulator serves: the catalog's facts, and what only a server needs to know.</summary>
internal static class ModelList
{
    /// <summary>Every Live model, in the order of <c>GET /v1beta/models</c>.</summary>
    public static IReadOnlyList<ModelBehaviour> Live { get; } =
    [
        Serve("gemini-3.8-live") with { ThoughtTokens = 71, PromptOverhead = 25 },
        Serve("gemini-3.8-live-extended-thinking") with { ThoughtTokens = 71, PromptOverhead = 25 },
        // 3.1 ends turns after about 2 s of silence whatever was set (gemini-live-api-examples#50).
        Serve("gemini-3.1-flash-live-preview") with { MaxSilence = TimeSpan.FromSeconds(2) },
        Serve("gemini-2.5-flash-native-audio-preview-12-2025") with { ThoughtTokens = 24, PromptOverhead = 370 },
        Serve("gemini-2.5-flash-native-audio-preview-09-2025") with { ThoughtTokens = 24 },
        Serve("gemini-2.5-flash-native-audio-latest") with { ThoughtTokens = 24, PromptOverhead = 370 },
    ];

    /// <summary>Every Live model of Vertex (dossier §6.1).</summary>
    public static IReadOnlyList<ModelBehaviour> Vertex { get; } =
    [
        Live[0],
        Serve("gemini-live-2.5-flash-native-audio"),
    ];

    /// <summary>Models of generateContent.</summary>
    public static IReadOnlyList<string> Text { get; } = ["gemini-3.5-flash", "gemini-3.1-flash-lite", "gemini-2.5-flash", "gemini-2.5-flash-lite"];

    public static ModelBehaviour? Find(string id) => Live.FirstOrDefault(model => model.Id == id);

    public static ModelBehaviour? FindVertex(string id) => Vertex.FirstOrDefault(model => model.Id == id);

    private static ModelBehaviour Serve(string id)
    {
        var facts = ModelCatalog.Find(id, out _);
        return new ModelBehaviour(id, facts) { PromptOverhead = facts.PromptOverheadTokens };
    }
}
