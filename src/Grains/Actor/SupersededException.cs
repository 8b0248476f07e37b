namespace Orchestrator.Grains.Actor;

/// <summary>A client that was away is not the newest any more.</summary>
internal sealed class SupersededException() : Exception("Another client has taken the conversation.");
