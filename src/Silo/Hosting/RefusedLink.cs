using Gemini.Live.Links;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>A link that is not dialled, because its endpoint is left alone.</summary>
internal sealed class RefusedLink : IUpstreamLink
{
    /// <summary>Its end is reported from the pool: never before the shell has the link.</summary>
    public static RefusedLink Start(int link, string endpoint, IUpstreamReceiver receiver)
    {
        _ = Task.Run(() => receiver.LinkClosed(link, new LinkLoss(LinkLossKind.CircuitOpen, Code: null, $"The endpoint {endpoint} is left alone, because it keeps failing.")));
        return new RefusedLink();
    }

    public ValueTask SendAsync(ReadOnlySpan<byte> frame) => throw new InvalidOperationException("The link was never dialled.");

    public void Close()
    {
    }
}
