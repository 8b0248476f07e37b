using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>What takes its time and is answered later: attaches and ends.</summary>
internal sealed partial class EdgeConnection
{
    /// <summary>Conversations and requests of one connection at a time.</summary>
    private const int MaxStreams = 10_000;

    private int _requests;

    private WireFault? Attach(uint id, ReadOnlySpan<byte> body)
    {
        if (!AttachWire.TryRead(body, out var attach))
        {
            return Malformed(WireKind.Attach);
        }

        if (!IsNew(id))
        {
            return new WireFault(WireFaultCode.Malformed, $"Stream {id} was opened before.");
        }

        if (_streams.Count >= MaxStreams)
        {
            wire.TrySend(id, new EndingWire(WireKind.Refused, 1013, "The silo serves too many conversations over one connection."));
            return null;
        }

        var stream = new EdgeStream(this, id, silo.Options.InputWindowBytes, silo.Options.StreamQueueBytes);
        _streams[id] = stream;
        silo.Metrics.Opened(WireSide.Silo);
        _ = AttachAsync(id, stream, attach.Request);
        return null;
    }

    private async Task AttachAsync(uint id, EdgeStream stream, AttachRequest request)
    {
        EdgeClose? refused;
        try
        {
            refused = (await silo.Host.AttachAsync(request, stream, CancellationToken.None) as AttachOutcome.Refused)?.Close;
        }
        catch (Exception bug)
        {
            silo.LogBug(bug, request.Conversation);
            refused = new EdgeClose(1011, "Internal error encountered.");
        }

        if (refused is not null)
        {
            Remove(id);
            wire.TrySend(id, new EndingWire(WireKind.Refused, refused.Code, refused.Reason));
        }
    }

    private WireFault? End(uint id, ReadOnlySpan<byte> body)
    {
        if (!EndWire.TryRead(body, out var end))
        {
            return Malformed(WireKind.End);
        }

        if (!IsNew(id))
        {
            return new WireFault(WireFaultCode.Malformed, $"Request {id} was made before.");
        }

        if (Interlocked.Increment(ref _requests) > MaxStreams)
        {
            Interlocked.Decrement(ref _requests);
            wire.TrySend(id, new EndedWire(EndResult.Failed));
            return null;
        }

        _ = EndAsync(id, end);
        return null;
    }

    private async Task EndAsync(uint id, EndWire end)
    {
        var result = EndResult.Failed;
        try
        {
            result = await silo.Host.EndAsync(end.Tenant, end.Conversation, end.Reason, CancellationToken.None) ? EndResult.Ended : EndResult.Unknown;
        }
        catch (Exception bug)
        {
            silo.LogBug(bug, end.Conversation);
        }

        Interlocked.Decrement(ref _requests);
        wire.TrySend(id, new EndedWire(result));
    }
}
