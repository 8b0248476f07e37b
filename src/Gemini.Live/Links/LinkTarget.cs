namespace Gemini.Live.Links;

/// <summary>Where and how to dial: a ws or wss address without secrets in it, and the headers of the upgrade.</summary>
public sealed record LinkTarget(Uri Uri, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>One more header, read at each dial; null for none.</summary>
    public LinkCredential? Credential { get; init; }
}

/// <summary>Builds targets for the surfaces that we know (dossier §1.1, §1.2).</summary>
public static class LinkTargets
{
    /// <summary>
    /// The Gemini Developer API, or anything that speaks it. The key travels as a header, never in the address, so that
    /// it cannot end up in a log of addresses.
    /// </summary>
    /// <param name="baseUrl">http(s) or ws(s) as Google's SDKs take it; a path in it is kept in front.</param>
    /// <param name="apiVersion"><c>v1beta</c> or <c>v1alpha</c>.</param>
    /// <param name="apiKey">Sent as <c>x-goog-api-key</c>; null sends none.</param>
    /// <exception cref="ArgumentException">The base is no http(s) or ws(s) address.</exception>
    public static LinkTarget Developer(Uri baseUrl, string apiVersion, string? apiKey) =>
        new(
            Address(baseUrl, $"/ws/google.ai.generativelanguage.{apiVersion}.GenerativeService.BidiGenerateContent"),
            apiKey is null ? [] : [new("x-goog-api-key", apiKey)]);

    /// <summary>Vertex with a bearer token of the scope cloud-platform.</summary>
    /// <param name="baseUrl">http(s) or ws(s), for example <c>https://europe-west4-aiplatform.googleapis.com</c>; a path in it is kept in front.</param>
    /// <param name="apiVersion"><c>v1</c> or <c>v1beta1</c>.</param>
    /// <param name="token">The token alone, asked at each dial; see <see cref="LinkCredential"/> for what it may do.</param>
    /// <exception cref="ArgumentException">The base is no http(s) or ws(s) address.</exception>
    public static LinkTarget Vertex(Uri baseUrl, string apiVersion, Func<string> token) =>
        new(VertexAddress(baseUrl, apiVersion), []) { Credential = () => new("Authorization", $"Bearer {token()}") };

    /// <summary>Vertex in express mode: an API key instead of a token.</summary>
    /// <param name="apiKey">Sent as <c>x-goog-api-key</c>.</param>
    /// <inheritdoc cref="Vertex(Uri, string, Func{string})"/>
    public static LinkTarget Vertex(Uri baseUrl, string apiVersion, string apiKey) =>
        new(VertexAddress(baseUrl, apiVersion), [new("x-goog-api-key", apiKey)]);

    /// <summary>Where Vertex serves a region; <c>global</c> and express mode have no region in the host.</summary>
    public static Uri VertexBase(string location) =>
        new(location is "global" ? "https://aiplatform.googleapis.com" : $"https://{location}-aiplatform.googleapis.com");

    // A slash before the method, where the Developer API has a dot.
    private static Uri VertexAddress(Uri baseUrl, string apiVersion) =>
        Address(baseUrl, $"/ws/google.cloud.aiplatform.{apiVersion}.LlmBidiService/BidiGenerateContent");

    private static Uri Address(Uri baseUrl, string method)
    {
        var scheme = (baseUrl.IsAbsoluteUri ? baseUrl.Scheme : "") switch
        {
            "http" or "ws" => "ws",
            "https" or "wss" => "wss",
            _ => throw new ArgumentException($"Not an http or https address: {baseUrl}", nameof(baseUrl)),
        };
        return new UriBuilder(scheme, baseUrl.Host, baseUrl.Port, baseUrl.AbsolutePath.TrimEnd('/') + method).Uri;
    }
}
