using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Grains.Actor;
using Orchestrator.Silo.Hosting;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Telemetry;

/// <summary>
/// Sends our metrics and spans to an OTLP receiver; the other settings are OpenTelemetry's own (<c>OTEL_*</c>), from any
/// source of configuration. What is sent is listed here: nothing of the framework's that could have a URL in it.
/// </summary>
public sealed class TelemetryExport : IDisposable
{
    private const string ServiceName = "orchestrator";
    private const string ProtocolKey = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private static readonly string[] Meters = [GrainMetrics.MeterName, UpstreamMetrics.MeterName, WireMetrics.MeterName, RouterMetrics.MeterName, EdgeMetrics.MeterName, "System.Runtime"];

    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;

    private TelemetryExport(MeterProvider metrics, TracerProvider traces)
    {
        _metrics = metrics;
        _traces = traces;
    }

    /// <summary>Begins to listen and to send; null when nobody is named who would receive it.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The receiver is not configured right.</exception>
    public static TelemetryExport? Start(IConfiguration configuration)
    {
        if (TelemetryOptions.Read(configuration) is not { } options)
        {
            return null;
        }

        var metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .ConfigureResource(Describe)
            .AddMeter(Meters)
            .AddOtlpExporter(otlp => Direct(otlp, "v1/metrics"))
            .Build();
        var traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(configuration))
            .ConfigureResource(Describe)
            .AddSource(GrainMetrics.SourceName)
            .AddOtlpExporter(otlp => Direct(otlp, "v1/traces"))
            .Build();
        return new TelemetryExport(metrics, traces);

        void Describe(ResourceBuilder resource) => resource.AddService(
            configuration["OTEL_SERVICE_NAME"] is { Length: > 0 } name ? name : ServiceName,
            serviceVersion: typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3));

        void Direct(OtlpExporterOptions otlp, string path)
        {
            if (string.IsNullOrEmpty(configuration[ProtocolKey]))
            {
                otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
            }

            if (options.OtlpEndpoint is { Length: > 0 } endpoint)
            {
                otlp.Protocol = OtlpExportProtocol.HttpProtobuf;
                otlp.Endpoint = new Uri($"{endpoint.TrimEnd('/')}/{path}");
            }
        }
    }

    /// <summary>Sends what is still to be sent, within the exporter's time-out.</summary>
    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
    }
}
