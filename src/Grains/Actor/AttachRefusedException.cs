using Orchestrator.Attach;

namespace Orchestrator.Grains.Actor;

/// <summary>The conversation is here and does not take this client.</summary>
internal sealed class AttachRefusedException(EdgeClose close) : Exception(close.Reason)
{
    /// <summary>What the client is told.</summary>
    public EdgeClose Close => close;
}
