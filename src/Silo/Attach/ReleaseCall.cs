using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>One request to another silo, over a connection of its own: both ends prove themselves, then it is asked once.</summary>
/// <param name="name">Who asks, for the owner's log.</param>
internal sealed class ReleaseCall(WireConnection wire, WireProof proof, string name, SiloInstance owner, ReleaseRequest request) : IWireHandler
{
    /// <summary>An answer is a few bytes.</summary>
    private const int MaxBody = 4 * 1024;

    private readonly HelloWire _hello = new(WireProof.NewNonce(), MaxBody, name);
    private readonly TaskCompletionSource<bool> _greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True when the owner has proved that it is there, false when the connection ended instead.</summary>
    public Task<bool> Greeted => _greeted.Task;

    /// <summary>True when it has let the conversation go, false when it does not have it or the connection ended instead.</summary>
    public Task<bool> Answered => _answered.Task;

    /// <summary>Runs until the connection ends.</summary>
    public async Task RunAsync()
    {
        await using var connection = wire;
        wire.TrySend(0, _hello);
        await wire.RunAsync(this);
        _greeted.TrySetResult(false);
        _answered.TrySetResult(false);
    }

    public WireFault? OnFrame(in WireHeader header, ReadOnlyMemory<byte> body) => header.Kind switch
    {
        WireKind.Welcome => Welcome(body.Span),
        WireKind.Released when _greeted.Task.IsCompleted => Released(body.Span),
        _ => new WireFault(WireFaultCode.Malformed, $"A silo does not send {header.Kind} here."),
    };

    private WireFault? Welcome(ReadOnlySpan<byte> body)
    {
        var hello = WireProof.BodyOf(_hello);
        if (!WelcomeWire.TryRead(body, out var welcome))
        {
            return new WireFault(WireFaultCode.Malformed, "The body of Welcome cannot be read.");
        }

        if (!WireProof.Matches(proof.OfSilo(hello, body), welcome.Proof.Span))
        {
            return new WireFault(WireFaultCode.BadSecret, "The silo does not know the cluster's secret.");
        }

        if (welcome.Silo != owner)
        {
            return new WireFault(WireFaultCode.WrongSilo, $"{owner} was wanted, {welcome.Silo} answered.");
        }

        wire.TrySend(0, new ProofWire(proof.OfEdge(hello, body)));
        wire.TrySend(1, new ReleaseWire(request));
        _greeted.TrySetResult(true);
        return null;
    }

    private WireFault? Released(ReadOnlySpan<byte> body)
    {
        if (!ReleasedWire.TryRead(body, out var released))
        {
            return new WireFault(WireFaultCode.Malformed, "The body of Released cannot be read.");
        }

        _answered.TrySetResult(released.InOrder);
        return new WireFault(WireFaultCode.Stopping, "That was all.");
    }
}
