using Orchestrator.Attach;
using Orchestrator.Cluster;

namespace Orchestrator.Api.Cluster;

/// <summary>What every routed client works with.</summary>
internal sealed partial class RouterServices(SiloPlacement placement, RouterOptions options, RouterMetrics metrics, TimeProvider clock, ILogger<RouterServices> logger)
{
    private readonly ILogger _logger = logger;

    public SiloPlacement Placement => placement;

    public RouterOptions Options => options;

    public RouterMetrics Metrics => metrics;

    public TimeProvider Clock => clock;

    /// <summary>Paces what a lost silo leaves behind.</summary>
    public Turnstile Takeovers { get; } = new(options.TakeoversAtOnce);

    [LoggerMessage(1, LogLevel.Error, "Conversation {Conversation} could not be taken elsewhere because of a bug", EventName = "TakeoverBroke")]
    public partial void LogBroke(Exception bug, ConversationId conversation);

    [LoggerMessage(2, LogLevel.Warning, "No silo for conversation {Conversation} yet: {Reason}", EventName = "PlacementWaits")]
    public partial void LogAway(ConversationId conversation, string reason);
}

/// <summary>Lets so many in at a time.</summary>
internal sealed class Turnstile(int places)
{
    private readonly SemaphoreSlim _places = new(places);

    public async Task<IDisposable> EnterAsync()
    {
        await _places.WaitAsync();
        return new Place(_places);
    }

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
