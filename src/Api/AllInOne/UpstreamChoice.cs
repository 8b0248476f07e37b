using Gemini.Live.Links;
using Gemini.Live.Simulator;
using Microsoft.Extensions.Options;
using Orchestrator.Grains.Actor;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Api.AllInOne;

/// <summary>Which upstream an all-in-one uses, and how to say so to its user.</summary>
/// <param name="Endpoint">Where links are dialled.</param>
/// <param name="Description">One line without a secret in it.</param>
/// <param name="Simulator">The built-in simulator, when it is the choice.</param>
internal sealed record UpstreamChoice(UpstreamEndpoint Endpoint, string Description, SimulatorHost? Simulator) : IAsyncDisposable
{
    private const string Google = "https://generativelanguage.googleapis.com";
    private const string KeyVariable = "GEMINI_API_KEY";

    /// <summary>Configured endpoints first, then a key in the environment, then the simulator on a loopback port.</summary>
    /// <exception cref="OptionsValidationException">An endpoint is not configured right.</exception>
    public static async Task<UpstreamChoice> MakeAsync(IConfiguration configuration, CancellationToken cancellation)
    {
        var options = configuration.GetSection(UpstreamOptions.Section).Get<UpstreamOptions>() ?? new UpstreamOptions();
        if (new UpstreamOptionsValidator().Validate(name: null, options) is { Failed: true } invalid)
        {
            throw new OptionsValidationException(UpstreamOptions.Section, typeof(UpstreamOptions), invalid.Failures);
        }

        if (options.Endpoints is [var first, ..])
        {
            var name = first.Name ?? new Uri(first.BaseUrl!).Host;
            return new UpstreamChoice(Of(name, first.BaseUrl!, first.ApiVersion, first.ApiKey), $"{name} at {first.BaseUrl}", Simulator: null);
        }

        if (configuration[KeyVariable] is { Length: > 0 } key)
        {
            return new UpstreamChoice(Of("gemini", Google, "v1beta", key), $"Gemini at {Google} (key from {KeyVariable})", Simulator: null);
        }

        var simulatorOptions = new SimulatorOptions();
        configuration.GetSection("Simulator").Bind(simulatorOptions);
        var simulator = await SimulatorHost.StartAsync(simulatorOptions, "http://127.0.0.1:0", cancellation);
        return new UpstreamChoice(
            Of("simulator", simulator.BaseUrl.ToString(), "v1beta", "simulator"),
            $"the built-in simulator at {simulator.BaseUrl.GetLeftPart(UriPartial.Authority)} (set {KeyVariable} for the real service)",
            simulator);
    }

    public ValueTask DisposeAsync() => Simulator?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static UpstreamEndpoint Of(string name, string baseUrl, string version, string? key) =>
        new(name, LinkTargets.Developer(new Uri(baseUrl), version, key));
}
