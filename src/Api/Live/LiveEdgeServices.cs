using Orchestrator.Api.Auth;
using Orchestrator.Attach;

namespace Orchestrator.Api.Live;

/// <summary>What every edge works with.</summary>
internal sealed record LiveEdgeServices(IConversationHost Host, ResumptionTokens Handles, LiveOptions Options, TimeProvider Clock);
