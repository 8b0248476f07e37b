using Gemini.Live.Links;
using Microsoft.Extensions.Options;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>Names every key that is wrong, all at once.</summary>
public sealed class UpstreamOptionsValidator : IValidateOptions<UpstreamOptions>
{
    private const int MaxWeight = 1000;

    public ValidateOptionsResult Validate(string? name, UpstreamOptions options)
    {
        var failures = new List<string>();
        for (var i = 0; i < options.Endpoints.Count; i++)
        {
            var endpoint = options.Endpoints[i];
            var key = $"{UpstreamOptions.Section}:Endpoints:{i}";
            var wrong = endpoint.Kind switch
            {
                UpstreamDialect.Developer => Developer(endpoint),
                UpstreamDialect.Vertex => Vertex(endpoint),
                _ => [("Kind", "must be developer or vertex")],
            };
            failures.AddRange(wrong.Concat(Common(endpoint)).Select(w => $"{key}:{w.Key} {w.Rule}."));
        }

        failures.AddRange(options.Breaker.Failures($"{UpstreamOptions.Section}:{nameof(options.Breaker)}"));
        Names(options, failures);
        Groups(options, failures);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<(string Key, string Rule)> Common(UpstreamEndpointOptions endpoint)
    {
        if (endpoint.Url is null)
        {
            yield return ("BaseUrl", "must be an absolute http or https URL");
        }

        if (endpoint.Weight is < 0 or > MaxWeight)
        {
            yield return ("Weight", $"must be between 0 and {MaxWeight}");
        }

        if (string.IsNullOrWhiteSpace(endpoint.Group))
        {
            yield return ("Group", "must not be empty");
        }

        if (endpoint.ApiKey is not null && !TokenFile.IsToken(endpoint.ApiKey))
        {
            yield return ("ApiKey", "must be printable ASCII without spaces");
        }
    }

    private static IEnumerable<(string Key, string Rule)> Developer(UpstreamEndpointOptions endpoint)
    {
        if (endpoint.ApiVersion is not (null or "v1beta" or "v1alpha"))
        {
            yield return ("ApiVersion", "must be v1beta or v1alpha");
        }

        var foreign = new (string Key, string? Value)[]
        {
            ("Project", endpoint.Project), ("Location", endpoint.Location), ("Token", endpoint.Token), ("TokenFile", endpoint.TokenFile),
        };
        foreach (var (key, _) in foreign.Where(f => f.Value is not null))
        {
            yield return (key, "is for Kind vertex only");
        }
    }

    private static IEnumerable<(string Key, string Rule)> Vertex(UpstreamEndpointOptions endpoint)
    {
        if (endpoint.ApiVersion is not (null or "v1beta1" or "v1"))
        {
            yield return ("ApiVersion", "must be v1beta1 or v1 for Kind vertex");
        }

        var credentials = new[] { endpoint.ApiKey, endpoint.Token, endpoint.TokenFile }.Count(c => c is not null);
        if (credentials != 1)
        {
            yield return ("TokenFile", "or Token or ApiKey must be set for Kind vertex, and only one of them");
        }

        if (endpoint.Token is not null && !TokenFile.IsToken(endpoint.Token))
        {
            yield return ("Token", "must be printable ASCII without spaces");
        }

        if (endpoint.TokenFile is not null && !File.Exists(endpoint.TokenFile))
        {
            yield return ("TokenFile", $"names no file: {endpoint.TokenFile}");
        }

        foreach (var (key, value) in new[] { ("Project", endpoint.Project), ("Location", endpoint.Location) })
        {
            if (credentials == 1 && endpoint.ApiKey is not null && value is not null)
            {
                yield return (key, "must not be set beside an ApiKey, which belongs to a project by itself");
            }
            else if (endpoint.ApiKey is null && !IsSegment(value))
            {
                yield return (key, "must be set for Kind vertex: letters, digits, '-', '.', ':'");
            }
        }
    }

    /// <summary>Facts and metrics know endpoints by name, and so does a conversation that returns.</summary>
    private static void Names(UpstreamOptions options, List<string> failures)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < options.Endpoints.Count; i++)
        {
            if (options.Endpoints[i].EffectiveName is { } name && !seen.Add(name))
            {
                failures.Add($"{UpstreamOptions.Section}:Endpoints:{i}:Name must be set to a name of its own, because another endpoint is called '{name}'.");
            }
        }
    }

    private static void Groups(UpstreamOptions options, List<string> failures)
    {
        foreach (var group in options.Endpoints.GroupBy(e => e.Group, StringComparer.Ordinal)
            .Where(g => !string.IsNullOrWhiteSpace(g.Key) && g.All(e => e.Weight == 0)))
        {
            failures.Add($"{UpstreamOptions.Section}:Endpoints has no endpoint with a Weight above 0 in the Group '{group.Key}'.");
        }

        if (options.Endpoints.Count > 0 && options.Endpoints.All(e => !string.IsNullOrWhiteSpace(e.Group) && e.Group != UpstreamEndpoint.DefaultGroup))
        {
            failures.Add($"{UpstreamOptions.Section}:Endpoints has no endpoint in the Group '{UpstreamEndpoint.DefaultGroup}', which conversations use.");
        }
    }

    private static bool IsSegment(string? text) => !string.IsNullOrEmpty(text) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or ':');
}
