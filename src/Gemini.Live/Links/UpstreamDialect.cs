namespace Gemini.Live.Links;

/// <summary>The two surfaces on which Google serves the Live API: same messages, other address, credential and names (dossier §1).</summary>
public enum UpstreamDialect
{
    /// <summary>The Gemini Developer API: <c>models/…</c>, an API key.</summary>
    Developer,
    /// <summary>Vertex: <c>projects/…/publishers/google/models/…</c>, a bearer token or an express-mode key.</summary>
    Vertex,
}

/// <summary>How an endpoint writes the name of a model (dossier §1.1); the id behind the last slash is the same everywhere.</summary>
public static class ModelNames
{
    private const string Publisher = "publishers/google/models/";

    /// <summary>
    /// The name on the Developer API. What the client wrote stays as it is, for upstream to judge, unless it is a name
    /// of Vertex, which the Developer API cannot know.
    /// </summary>
    public static string Developer(string model) =>
        model.Contains(Publisher, StringComparison.Ordinal) ? $"models/{Id(model)}" : model;

    /// <summary>The name on Vertex, in the given project and region whatever the client named.</summary>
    /// <param name="project">Null for an express-mode key, which belongs to a project by itself.</param>
    public static string Vertex(string model, string? project, string? location) =>
        project is null ? $"{Publisher}{Id(model)}" : $"projects/{project}/locations/{location}/{Publisher}{Id(model)}";

    private static string Id(string model) => model[(model.LastIndexOf('/') + 1)..];
}
