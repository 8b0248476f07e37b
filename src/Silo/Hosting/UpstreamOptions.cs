using Gemini.Live.Links;
using Microsoft.Extensions.Options;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>Where conversations are dialled. Section <c>Orchestrator:Upstream</c>.</summary>
public sealed class UpstreamOptions
{
    public const string Section = "Orchestrator:Upstream";

    /// <summary>Upstream endpoints, in order of preference. Empty: the all-in-one looks for <c>GEMINI_API_KEY</c>, else it starts the simulator.</summary>
    public List<UpstreamEndpointOptions> Endpoints { get; set; } = [];
}

/// <summary>One upstream endpoint.</summary>
public sealed class UpstreamEndpointOptions
{
    /// <summary>Name in facts, metrics and logs. Default: the host of <see cref="BaseUrl"/>.</summary>
    public string? Name { get; set; }

    /// <summary>Base URL as Google's SDKs take it, http or https, for example <c>https://generativelanguage.googleapis.com</c>.</summary>
    public string? BaseUrl { get; set; }

    /// <summary>Key of the Developer API, sent as <c>x-goog-api-key</c>. Never logged.</summary>
    public string? ApiKey { get; set; }

    /// <summary>API version in the method's path: <c>v1beta</c> (default) or <c>v1alpha</c>.</summary>
    public string ApiVersion { get; set; } = "v1beta";

    /// <summary>The endpoint as the grains use it.</summary>
    internal UpstreamEndpoint ToEndpoint()
    {
        var url = new Uri(BaseUrl!);
        return new UpstreamEndpoint(Name ?? url.Host, LinkTargets.Developer(url, ApiVersion, ApiKey));
    }
}

/// <summary>Names every key that is wrong, all at once.</summary>
public sealed class UpstreamOptionsValidator : IValidateOptions<UpstreamOptions>
{
    public ValidateOptionsResult Validate(string? name, UpstreamOptions options)
    {
        var failures = new List<string>();
        for (var i = 0; i < options.Endpoints.Count; i++)
        {
            var endpoint = options.Endpoints[i];
            var key = $"{UpstreamOptions.Section}:Endpoints:{i}";
            if (!Uri.TryCreate(endpoint.BaseUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            {
                failures.Add($"{key}:BaseUrl must be an absolute http or https URL.");
            }

            if (endpoint.ApiVersion is not ("v1beta" or "v1alpha"))
            {
                failures.Add($"{key}:ApiVersion must be v1beta or v1alpha.");
            }
        }

        var twice = options.Endpoints.Where(e => e.Name is not null).GroupBy(e => e.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1);
        if (twice is not null)
        {
            failures.Add($"{UpstreamOptions.Section}:Endpoints has two endpoints with the Name '{twice.Key}'.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
