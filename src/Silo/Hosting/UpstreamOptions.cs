using Gemini.Live.Links;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>Where conversations are dialled. Section <c>Orchestrator:Upstream</c>.</summary>
public sealed class UpstreamOptions
{
    public const string Section = "Orchestrator:Upstream";

    /// <summary>Upstream endpoints. Empty: the all-in-one looks for <c>GEMINI_API_KEY</c>, else it starts the simulator.</summary>
    public List<UpstreamEndpointOptions> Endpoints { get; set; } = [];

    /// <summary>When an endpoint that keeps failing is left alone.</summary>
    public BreakerOptions Breaker { get; set; } = new();

    /// <summary>The section, bound and checked.</summary>
    /// <exception cref="OptionsValidationException">Something is wrong; the failures name the keys.</exception>
    public static UpstreamOptions Read(IConfiguration configuration)
    {
        // Bound one by one: of a list, the binder leaves out in silence what has a word where a number belongs.
        var options = new UpstreamOptions
        {
            Endpoints = [.. configuration.GetSection(Section).GetSection(nameof(Endpoints)).GetChildren().Select(Bind<UpstreamEndpointOptions>)],
            Breaker = Bind<BreakerOptions>(configuration.GetSection(Section).GetSection(nameof(Breaker))),
        };
        return new UpstreamOptionsValidator().Validate(name: null, options) is { Failed: true } invalid
            ? throw new OptionsValidationException(Section, typeof(UpstreamOptions), invalid.Failures)
            : options;
    }

    private static T Bind<T>(IConfigurationSection section)
        where T : new()
    {
        var known = typeof(T).GetProperties().Where(p => p.CanWrite).Select(p => p.Name);
        if (section.GetChildren().Select(c => c.Key).Except(known, StringComparer.OrdinalIgnoreCase).FirstOrDefault() is { } stranger)
        {
            throw Wrong($"{section.Path}:{stranger} is not a key that exists there.");
        }

        try
        {
            return section.Get<T>() ?? new T();
        }
        catch (InvalidOperationException wrong)
        {
            // A word for a number or an enum: the message names key and value.
            throw Wrong(wrong.Message);
        }
    }

    private static OptionsValidationException Wrong(string failure) => new(Section, typeof(UpstreamOptions), [failure]);
}

/// <summary>One upstream endpoint.</summary>
public sealed class UpstreamEndpointOptions
{
    /// <summary>Name in facts, metrics and logs; a conversation finds its endpoint again by it, so it must not come to mean
    /// another key or project. Default: the host.</summary>
    public string? Name { get; set; }

    /// <summary><c>developer</c> (default) or <c>vertex</c>.</summary>
    public UpstreamDialect Kind { get; set; }

    /// <summary>Base URL as Google's SDKs take it, http or https, for example <c>https://generativelanguage.googleapis.com</c>.
    /// Default for <c>vertex</c>: Google's for the <see cref="Location"/>.</summary>
    public string? BaseUrl { get; set; }

    /// <summary>Key of the Developer API, or of Vertex in express mode; sent as <c>x-goog-api-key</c>. Never logged.</summary>
    public string? ApiKey { get; set; }

    /// <summary>API version in the method's path: <c>v1beta</c> (default) or <c>v1alpha</c>; for <c>vertex</c> <c>v1beta1</c> (default) or <c>v1</c>.</summary>
    public string? ApiVersion { get; set; }

    /// <summary>Vertex: the Google Cloud project. Not with an <see cref="ApiKey"/>, which has its own.</summary>
    public string? Project { get; set; }

    /// <summary>Vertex: the region, for example <c>europe-west4</c>, or <c>global</c>.</summary>
    public string? Location { get; set; }

    /// <summary>Vertex: a bearer token. It expires within the hour, so this is for trying things out. Never logged.</summary>
    public string? Token { get; set; }

    /// <summary>Vertex: a file with a bearer token that something else keeps fresh. Read at every dial.</summary>
    public string? TokenFile { get; set; }

    /// <summary>Share of new conversations within the group. Default 1, 0 to 1000; 0: only for conversations that fail elsewhere.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>Conversations fail over to endpoints of the same group only, so that data stays where the tenant wants it. Default
    /// <c>default</c>, the group that conversations use.</summary>
    public string Group { get; set; } = UpstreamEndpoint.DefaultGroup;

    /// <summary>The name, given or not; null while there is no usable address.</summary>
    internal string? EffectiveName => string.IsNullOrEmpty(Name) ? Url?.Host : Name;

    /// <summary>The base URL, given or not; null when it is none.</summary>
    internal Uri? Url
    {
        get
        {
            var text = string.IsNullOrEmpty(BaseUrl) && Kind == UpstreamDialect.Vertex
                ? LinkTargets.VertexBase(string.IsNullOrEmpty(Location) ? "global" : Location).AbsoluteUri
                : BaseUrl;
            return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
        }
    }

    /// <summary>For people, without a secret.</summary>
    public string Description => $"{EffectiveName} at {Url?.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)}{(Group == UpstreamEndpoint.DefaultGroup ? "" : $" (group {Group})")}";

    /// <summary>The endpoint as the grains use it.</summary>
    internal UpstreamEndpoint ToEndpoint() => new(EffectiveName!, Target())
    {
        Dialect = Kind,
        Project = ApiKey is null ? Project : null,
        Location = ApiKey is null ? Location : null,
        Weight = Weight,
        Group = Group,
    };

    private LinkTarget Target() => this switch
    {
        { Kind: UpstreamDialect.Developer } => LinkTargets.Developer(Url!, ApiVersion ?? "v1beta", ApiKey),
        { ApiKey: { } key } => LinkTargets.Vertex(Url!, ApiVersion ?? "v1beta1", key),
        { Token: { } token } => LinkTargets.Vertex(Url!, ApiVersion ?? "v1beta1", () => token),
        _ => LinkTargets.Vertex(Url!, ApiVersion ?? "v1beta1", new TokenFile(TokenFile!).Read),
    };
}
