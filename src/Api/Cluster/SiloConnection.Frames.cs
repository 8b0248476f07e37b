using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>What the silo sends, on the receiving thread.</summary>
internal sealed partial class SiloConnection : IWireHandler
{
    public WireFault? OnFrame(in WireHeader header, ReadOnlyMemory<byte> body)
    {
        if (Silo is null)
        {
            return header.Kind == WireKind.Welcome ? Welcome(body.Span) : new WireFault(WireFaultCode.Malformed, $"{header.Kind} came before Welcome.");
        }

        return header.Kind switch
        {
            WireKind.Output => Output(header.Stream, body),
            WireKind.Credit => CreditWire.TryRead(body.Span, out var credit) ? With(header.Stream, credit.Bytes, static (s, bytes) => s.Credit(bytes)) : Malformed(header.Kind),
            WireKind.Durable => PositionWire.TryRead(body.Span, out var position) ? With(header.Stream, position, static (s, p) => s.Durable(p)) : Malformed(header.Kind),
            WireKind.Pong => Pong(body.Span),
            WireKind.Attached => Attached(header.Stream, body.Span),
            WireKind.Refused => Refused(header.Stream, body.Span),
            WireKind.Close => EndingWire.TryRead(header.Kind, body.Span, out var close)
                ? With(header.Stream, close, static (s, c) => s.Close(new EdgeClose(c.Code!.Value, c.Reason)))
                : Malformed(header.Kind),
            WireKind.Ended => Ended(header.Stream, body.Span),
            _ => new WireFault(WireFaultCode.Malformed, $"A silo does not send {header.Kind} here."),
        };
    }

    private static WireFault Malformed(WireKind kind) => new(WireFaultCode.Malformed, $"The body of {kind} cannot be read.");

    private WireFault? Welcome(ReadOnlySpan<byte> body)
    {
        if (!WelcomeWire.TryRead(body, out var welcome))
        {
            return Malformed(WireKind.Welcome);
        }

        if (!WireProof.Matches(link.Proof.OfSilo(_hello, body), welcome.Proof.Span))
        {
            return new WireFault(WireFaultCode.BadSecret, "The silo does not know the cluster's secret.");
        }

        if (address.Instance is { } wanted && wanted != welcome.Silo)
        {
            return new WireFault(WireFaultCode.WrongSilo, $"{wanted} was wanted, {welcome.Silo} answered.");
        }

        wire.Expect(welcome.MaxBody);
        wire.Trust();
        Silo = welcome.Silo;
        wire.TrySend(0, new ProofWire(link.Proof.OfEdge(_hello, body)));
        link.Metrics.Proved(WireSide.Edge);
        link.LogConnected(welcome.Silo.Name, address);
        _proved.TrySetResult(null);
        return null;
    }

    private WireFault? Output(uint id, ReadOnlyMemory<byte> body)
    {
        if (!OutputWire.TryRead(body, out var output))
        {
            return Malformed(WireKind.Output);
        }

        if (!_streams.TryGetValue(id, out var stream))
        {
            return Late(id);
        }

        if (!stream.Deliver(output))
        {
            link.Metrics.Late(WireSide.Edge);
        }

        return null;
    }

    private WireFault? Attached(uint id, ReadOnlySpan<byte> body)
    {
        if (!AttachedWire.TryRead(body, out var attached))
        {
            return Malformed(WireKind.Attached);
        }

        return _streams.TryGetValue(id, out var stream) ? stream.Attached(attached) : Late(id);
    }

    private WireFault? Refused(uint id, ReadOnlySpan<byte> body)
    {
        if (!EndingWire.TryRead(WireKind.Refused, body, out var refused))
        {
            return Malformed(WireKind.Refused);
        }

        if (!_streams.TryGetValue(id, out var stream))
        {
            return Late(id);
        }

        Remove(id);
        stream.Refused(new EdgeClose(refused.Code!.Value, refused.Reason));
        return null;
    }

    private WireFault? Ended(uint id, ReadOnlySpan<byte> body)
    {
        if (!EndedWire.TryRead(body, out var ended))
        {
            return Malformed(WireKind.Ended);
        }

        if (!_requests.TryGetValue(id, out var answer))
        {
            return Late(id);
        }

        answer.TrySetResult(ended.Result);
        return null;
    }

    private WireFault? With<TValue>(uint id, TValue value, Action<SiloStream, TValue> action)
    {
        if (!_streams.TryGetValue(id, out var stream))
        {
            return Late(id);
        }

        action(stream, value);
        return null;
    }

    private WireFault? Late(uint id)
    {
        if (id == 0 || id > Volatile.Read(ref _newest))
        {
            return new WireFault(WireFaultCode.UnknownStream, $"Stream {id} was never opened.");
        }

        link.Metrics.Late(WireSide.Edge);
        return null;
    }

    private WireFault? Pong(ReadOnlySpan<byte> body) =>
        PingWire.TryRead(body, out var number) && _pongs.Answered(number) ? null : Malformed(WireKind.Pong);
}
