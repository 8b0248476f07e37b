using Gemini.Live.Simulator;
using Microsoft.Extensions.Options;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Api.Composition;

/// <summary>Which upstream an all-in-one uses, and how to say so to its user.</summary>
/// <param name="Options">Where links are dialled; at least one endpoint.</param>
/// <param name="Description">One line without a secret in it.</param>
/// <param name="Simulator">The built-in simulator, when it is the choice.</param>
internal sealed record UpstreamChoice(UpstreamOptions Options, string Description, SimulatorHost? Simulator) : IAsyncDisposable
{
    private const string Google = "https://generativelanguage.googleapis.com";
    private const string KeyVariable = "GEMINI_API_KEY";

    /// <summary>Configured endpoints first, then a key in the environment, then the simulator on a loopback port.</summary>
    /// <exception cref="OptionsValidationException">An endpoint is not configured right.</exception>
    public static async Task<UpstreamChoice> MakeAsync(IConfiguration configuration, CancellationToken cancellation)
    {
        var options = UpstreamOptions.Read(configuration);
        if (options.Endpoints.Count > 0)
        {
            return new UpstreamChoice(options, string.Join(", ", options.Endpoints.Select(e => e.Description)), Simulator: null);
        }

        if (configuration[KeyVariable] is { Length: > 0 } key)
        {
            return new UpstreamChoice(
                With(options, new UpstreamEndpointOptions { Name = "gemini", BaseUrl = Google, ApiKey = key }),
                $"Gemini at {Google} (key from {KeyVariable})",
                Simulator: null);
        }

        var simulatorOptions = new SimulatorOptions();
        configuration.GetSection(SimulatorOptions.Section).Bind(simulatorOptions);
        var simulator = await SimulatorHost.StartAsync(simulatorOptions, "http://127.0.0.1:0", cancellation);
        var url = simulator.BaseUrl.GetLeftPart(UriPartial.Authority);
        return new UpstreamChoice(
            With(options, new UpstreamEndpointOptions { Name = "simulator", BaseUrl = url, ApiKey = "simulator" }),
            $"the built-in simulator at {url} (set {KeyVariable} for the real service)",
            simulator);
    }

    private static UpstreamOptions With(UpstreamOptions options, UpstreamEndpointOptions endpoint)
    {
        options.Endpoints.Add(endpoint);
        return options;
    }

    public ValueTask DisposeAsync() => Simulator?.DisposeAsync() ?? ValueTask.CompletedTask;
}
