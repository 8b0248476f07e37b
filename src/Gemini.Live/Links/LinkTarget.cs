namespace Gemini.Live.Links;

/// <summary>Where and how to dial: a ws or wss address without secrets in it, and the headers of the upgrade.</summary>
public sealed record LinkTarget(Uri Uri, IReadOnlyList<KeyValuePair<string, string>> Headers);

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
    public static LinkTarget Developer(Uri baseUrl, string apiVersion, string? apiKey)
    {
        var scheme = baseUrl.IsAbsoluteUri ? baseUrl.Scheme : "";
        scheme = scheme switch
        {
            "http" or "ws" => "ws",
            "https" or "wss" => "wss",
            _ => throw new ArgumentException($"Not an http or https address: {baseUrl}", nameof(baseUrl)),
        };
        var path = $"{baseUrl.AbsolutePath.TrimEnd('/')}/ws/google.ai.generativelanguage.{apiVersion}.GenerativeService.BidiGenerateContent";
        return new LinkTarget(
            new UriBuilder(scheme, baseUrl.Host, baseUrl.Port, path).Uri,
            apiKey is null ? [] : [new("x-goog-api-key", apiKey)]);
    }
}
