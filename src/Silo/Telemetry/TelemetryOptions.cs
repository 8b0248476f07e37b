using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Orchestrator.Silo.Telemetry;

/// <summary>Where metrics and spans are sent. Section <c>Orchestrator:Telemetry</c>.</summary>
public sealed class TelemetryOptions
{
    public const string Section = "Orchestrator:Telemetry";

    /// <summary>The variable by which everything else with OpenTelemetry in it is told the same.</summary>
    public const string StandardEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Base URL of an OTLP receiver that takes protobuf over HTTP, for example <c>http://localhost:4318</c>; <c>/v1/metrics</c>
    /// and <c>/v1/traces</c> are appended. None by default: nothing is sent, unless the standard variable says where.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>Null: nobody wants telemetry.</summary>
    /// <exception cref="OptionsValidationException">The endpoint is no URL.</exception>
    public static TelemetryOptions? Read(IConfiguration configuration)
    {
        var options = new TelemetryOptions();
        configuration.GetSection(Section).Bind(options);
        foreach (var (key, value) in new[] { ($"{Section}:{nameof(OtlpEndpoint)}", options.OtlpEndpoint), (StandardEndpoint, configuration[StandardEndpoint]) })
        {
            if (value is { Length: > 0 } && !(Uri.TryCreate(value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            {
                throw new OptionsValidationException(Section, typeof(TelemetryOptions), [$"{key} must be an absolute http or https URL."]);
            }
        }

        return options.OtlpEndpoint is { Length: > 0 } || configuration[StandardEndpoint] is { Length: > 0 } ? options : null;
    }
}
