using Microsoft.Net.Http.Headers;

namespace Orchestrator.Api.Rest;

/// <summary>Chooses a transcript's form: <c>?format=</c> if present, else what <c>Accept</c> likes best, else JSON.</summary>
internal static class TranscriptFormat
{
    public const string Json = "application/json";
    public const string Text = "text/plain";
    public const string Vtt = "text/vtt";

    // In the order of our own preference: among equals the first wins.
    private static readonly string[] Available = [Json, Text, Vtt];

    /// <summary>Null when nothing that is available is acceptable.</summary>
    public static string? ByAccept(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        if (accepted.Count == 0)
        {
            return Json;
        }

        return Available
            .Select(type => (Type: type, Quality: Quality(type, accepted)))
            .Where(choice => choice.Quality > 0)
            .OrderByDescending(choice => choice.Quality)
            .FirstOrDefault().Type;
    }

    /// <summary>Null when the name is none of ours.</summary>
    public static string? ByName(string name) => name switch
    {
        "json" => Json,
        "text" => Text,
        "vtt" => Vtt,
        _ => null,
    };

    // RFC 9110 §12.5.1: the most specific range that matches decides, not the most generous.
    private static double Quality(string type, IList<MediaTypeHeaderValue> accepted)
    {
        var offered = new MediaTypeHeaderValue(type);
        var range = accepted.Where(offered.IsSubsetOf).OrderBy(r => r.MatchesAllTypes).ThenBy(r => r.MatchesAllSubTypes).FirstOrDefault();
        return range is null ? 0 : range.Quality ?? 1;
    }
}
