namespace Orchestrator.Wire;

/// <summary>One life of a silo's process.</summary>
/// <param name="Name">The silo, across its lives.</param>
/// <param name="Incarnation">Greater for every later life.</param>
public sealed record SiloInstance(string Name, long Incarnation);
