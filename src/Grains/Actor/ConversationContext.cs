using System.Collections.Immutable;
using System.Security.Cryptography;
using Gemini.Live.Setup;
using Microsoft.Extensions.Logging;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>What a conversation's shell works with.</summary>
/// <param name="Ownership">Proof that this silo owns it.</param>
/// <param name="Setup">The client's setup; the same on every link.</param>
/// <param name="Endpoints">Where its links are dialled, in the order in which it tries them.</param>
/// <param name="Published">Told of facts once they are durable, in order.</param>
internal sealed record ConversationContext(
    Ownership Ownership,
    SetupPlan Setup,
    ImmutableArray<UpstreamEndpoint> Endpoints,
    IConversationStore Store,
    ConversationSettings Settings,
    TimeProvider Clock,
    ILogger Logger,
    GrainMetrics Metrics,
    Action<Ownership, IReadOnlyList<JournalEntry>> Published)
{
    /// <summary>How links are dialled: sockets, unless somebody has something better.</summary>
    public IUpstream Upstream { get; init; } = new SocketUpstream(Settings.Link, Clock);

    /// <summary>Chance, from 0 up to 1: spreads the tries of many conversations that were lost at once.</summary>
    public Func<double> Chance { get; init; } = () => RandomNumberGenerator.GetInt32(1_000) / 1000.0;

    /// <summary>How facts are written: to the store on the pool, unless a test has something better.</summary>
    public OpenJournal OpenJournal { get; init; } = (durable, ownershipLost) =>
        new JournalWriter(Store, Ownership, Clock, Logger, durable, ownershipLost);
}
