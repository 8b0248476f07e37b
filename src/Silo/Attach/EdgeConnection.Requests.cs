using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>What takes its time and is answered later: attaches, ends, and what other silos ask for.</summary>
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

        return Answer(id, end.Conversation, new EndedWire(EndResult.Failed), async () => new EndedWire(
            await silo.Host.EndAsync(end.Tenant, end.Conversation, end.Reason, CancellationToken.None) ? EndResult.Ended : EndResult.Unknown));
    }

    private WireFault? Release(uint id, ReadOnlySpan<byte> body)
    {
        if (!ReleaseWire.TryRead(body, out var release))
        {
            return Malformed(WireKind.Release);
        }

        return Answer(id, release.Request.Conversation, new ReleasedWire(InOrder: false), async () => new ReleasedWire(
            await silo.Host.ReleaseAsync(release.Request, CancellationToken.None)));
    }

    private WireFault? Answer<TAnswer>(uint id, ConversationId conversation, TAnswer failed, Func<Task<TAnswer>> ask)
        where TAnswer : struct, IWireFrame
    {
        if (!IsNew(id))
        {
            return new WireFault(WireFaultCode.Malformed, $"Request {id} was made before.");
        }

        if (Interlocked.Increment(ref _requests) > MaxStreams)
        {
            Interlocked.Decrement(ref _requests);
            wire.TrySend(id, failed);
            return null;
        }

        _ = AnswerAsync(id, conversation, failed, ask);
        return null;
    }

    private async Task AnswerAsync<TAnswer>(uint id, ConversationId conversation, TAnswer failed, Func<Task<TAnswer>> ask)
        where TAnswer : struct, IWireFrame
    {
        var answer = failed;
        try
        {
            answer = await ask();
        }
        catch (Exception bug)
        {
            silo.LogBug(bug, conversation);
        }

        Interlocked.Decrement(ref _requests);
        wire.TrySend(id, answer);
    }
}
