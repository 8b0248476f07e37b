using Gemini.Live.Setup;
using Microsoft.Extensions.Logging;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>What a conversation's shell works with.</summary>
/// <param name="Ownership">Proof that this silo owns it.</param>
/// <param name="Setup">The client's setup; the same on every link.</param>
/// <param name="Endpoint">Where its links are dialled.</param>
/// <param name="Published">Told of facts once they are durable, in order.</param>
internal sealed record ConversationContext(
    Ownership Ownership,
    SetupPlan Setup,
    UpstreamEndpoint Endpoint,
    IConversationStore Store,
    ConversationSettings Settings,
    TimeProvider Clock,
    ILogger Logger,
    GrainMetrics Metrics,
    Action<Ownership, IReadOnlyList<JournalEntry>> Published)
{
    /// <summary>How links are dialled: sockets, unless a test has something better.</summary>
    public OpenUpstream OpenUpstream { get; init; } = (link, setup, receiver) =>
        LinkRunner.Start(link, Endpoint.Target, Settings.Link, setup, Clock, receiver);

    /// <summary>How facts are written: to the store on the pool, unless a test has something better.</summary>
    public OpenJournal OpenJournal { get; init; } = (durable, ownershipLost) =>
        new JournalWriter(Store, Ownership, Clock, Logger, durable, ownershipLost);
}
