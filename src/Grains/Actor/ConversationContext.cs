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
    Action<Ownership, IReadOnlyList<JournalEntry>> Published);
