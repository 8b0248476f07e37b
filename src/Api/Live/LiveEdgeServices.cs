using Orchestrator.Api.Auth;
using Orchestrator.Attach;

namespace Orchestrator.Api.Live;

/// <summary>What every edge works with.</summary>
internal sealed partial class LiveEdgeServices(
    IConversationHost host, ResumptionTokens handles, LiveOptions options, TimeProvider clock, EdgeMetrics metrics, ILogger<LiveEdge> logger)
{
    private readonly ILogger _logger = logger;

    public IConversationHost Host => host;

    public ResumptionTokens Handles => handles;

    public LiveOptions Options => options;

    public TimeProvider Clock => clock;

    /// <summary>A handle was not accepted. Why, nobody is told: handles cannot be probed.</summary>
    public void HandleRefused(TenantId tenant)
    {
        metrics.HandleRefused();
        Refused(tenant);
    }

    [LoggerMessage(1, LogLevel.Warning, "A client of {Tenant} presented a resumption handle that is forged, cut, expired or another tenant's", EventName = "HandleRefused")]
    private partial void Refused(TenantId tenant);
}
