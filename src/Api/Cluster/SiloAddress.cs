using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>Where a silo's internal endpoint is.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Instance">Which silo must answer there; null when any may. An address can be another's by now.</param>
public sealed record SiloAddress(string Host, int Port, SiloInstance? Instance = null)
{
    public override string ToString() => $"{Host}:{Port}";
}
