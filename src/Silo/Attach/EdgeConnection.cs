using System.Collections.Concurrent;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>
/// One front-end's connection, the silo's end: proves, then maps streams to the host. A frame of input is received, stepped
/// and usually sent upstream by the thread that reads the connection.
/// </summary>
internal sealed partial class EdgeConnection(SiloEnd silo, WireConnection wire, string remote) : IWireHandler
{
    private readonly ConcurrentDictionary<uint, EdgeStream> _streams = new();
    private string _remote = remote;
    private string _name = "";
    private byte[] _hello = [];
    private byte[] _welcome = [];
    private uint _newest;
    private long _heard;
    private long _heardBefore = -1;
    private volatile Stage _stage;

    private enum Stage
    {
        Greeting,
        Proving,
        Open,
    }

    /// <summary>Serves the front-end until the connection ends, and detaches whoever is left.</summary>
    public async Task<WireFault> RunAsync()
    {
        using var stranger = silo.Clock.CreateTimer(static self => ((EdgeConnection)self!).WatchStranger(), this, silo.Options.ConnectTimeout, Timeout.InfiniteTimeSpan);
        using var silence = silo.Clock.CreateTimer(static self => ((EdgeConnection)self!).WatchSilence(), this, silo.Options.SilentAfter, silo.Options.SilentAfter);
        var end = await wire.RunAsync(this);
        silo.Metrics.Ended(WireSide.Silo, end, _stage == Stage.Open);
        silo.LogEnd(_remote, _stage == Stage.Open, end, wire.Bug);
        foreach (var id in _streams.Keys)
        {
            Remove(id)?.Leave(null, "The connection to the front-end ended.");
        }

        return end;
    }

    public void End(WireFault why) => wire.End(why, tell: true);

    public WireSend Send<TFrame>(uint stream, in TFrame frame, WireLane? lane = null)
        where TFrame : struct, IWireFrame => wire.TrySend(stream, frame, lane);

    public void Overflowed() => silo.Metrics.Overflowed();

    public WireFault? OnFrame(in WireHeader header, ReadOnlyMemory<byte> body)
    {
        _heard++;
        return (_stage, header.Kind) switch
        {
            (Stage.Open, WireKind.Input) => Input(header, body),
            (Stage.Open, WireKind.Acknowledge) => Acknowledge(header.Stream, body.Span),
            (Stage.Open, WireKind.Ping) => Pong(body.Span),
            (Stage.Open, WireKind.Attach) => Attach(header.Stream, body.Span),
            (Stage.Open, WireKind.Detach) => Detach(header.Stream, body.Span),
            (Stage.Open, WireKind.End) => End(header.Stream, body.Span),
            (Stage.Open, WireKind.Release) => Release(header.Stream, body.Span),
            (Stage.Greeting, WireKind.Hello) => Greet(body.Span),
            (Stage.Proving, WireKind.Proof) => Prove(body.Span),
            _ => new WireFault(WireFaultCode.Malformed, $"A front-end does not send {header.Kind} here."),
        };
    }

    private static WireFault Malformed(WireKind kind) => new(WireFaultCode.Malformed, $"The body of {kind} cannot be read.");

    private WireFault? Greet(ReadOnlySpan<byte> body)
    {
        if (HelloWire.VersionOf(body) is var version && version != WireProof.Version)
        {
            return version == 0
                ? Malformed(WireKind.Hello)
                : new WireFault(WireFaultCode.Version, $"This silo speaks version {WireProof.Version} of the internal link, not {version}.");
        }

        if (!HelloWire.TryRead(body, out var hello))
        {
            return Malformed(WireKind.Hello);
        }

        _hello = body.ToArray();
        var welcome = new WelcomeWire(WireProof.NewNonce(), silo.Options.MaxFrameBytes, silo.Instance, new byte[WireProof.Bytes]);
        welcome = welcome with { Proof = silo.Proof.OfSilo(_hello, WireProof.BodyOf(welcome)) };
        _welcome = WireProof.BodyOf(welcome);
        _stage = Stage.Proving;
        _name = hello.Name;
        wire.TrySend(0, welcome);
        wire.Expect(hello.MaxBody);
        return null;
    }

    private WireFault? Prove(ReadOnlySpan<byte> proof)
    {
        if (!WireProof.Matches(silo.Proof.OfEdge(_hello, _welcome), proof))
        {
            return new WireFault(WireFaultCode.BadSecret, "The front-end does not know the cluster's secret.");
        }

        wire.Trust();
        _remote = $"{_name} ({_remote})";
        _stage = Stage.Open;
        silo.Metrics.Proved(WireSide.Silo);
        return null;
    }

    private WireFault? Input(in WireHeader header, ReadOnlyMemory<byte> body)
    {
        if (!InputWire.TryRead(body, out var input))
        {
            return Malformed(WireKind.Input);
        }

        return _streams.TryGetValue(header.Stream, out var stream) ? stream.Input(header.FrameSize, input.Frame) : Late(header.Stream);
    }

    private WireFault? Acknowledge(uint id, ReadOnlySpan<byte> body)
    {
        if (!PositionWire.TryRead(body, out var position))
        {
            return Malformed(WireKind.Acknowledge);
        }

        if (!_streams.TryGetValue(id, out var stream))
        {
            return Late(id);
        }

        stream.Acknowledge(position);
        return null;
    }

    private WireFault? Detach(uint id, ReadOnlySpan<byte> body)
    {
        if (!EndingWire.TryRead(WireKind.Detach, body, out var detach))
        {
            return Malformed(WireKind.Detach);
        }

        if (Remove(id) is not { } stream)
        {
            return Late(id);
        }

        stream.Leave(detach.Code, detach.Reason);
        return null;
    }

    private WireFault? Pong(ReadOnlySpan<byte> body)
    {
        if (!PingWire.TryRead(body, out var number))
        {
            return Malformed(WireKind.Ping);
        }

        wire.TrySend(0, new PingWire(WireKind.Pong, number));
        return null;
    }

    /// <summary>A frame that crossed its stream's end is normal; one of a stream that never was is not.</summary>
    private WireFault? Late(uint id)
    {
        if (id == 0 || id > _newest)
        {
            return new WireFault(WireFaultCode.UnknownStream, $"Stream {id} was never opened.");
        }

        silo.Metrics.Late(WireSide.Silo);
        return null;
    }

    private bool IsNew(uint id)
    {
        var isNew = id > _newest;
        _newest = Math.Max(_newest, id);
        return isNew;
    }

    private EdgeStream? Remove(uint id)
    {
        if (!_streams.TryRemove(id, out var stream))
        {
            return null;
        }

        silo.Metrics.Over(WireSide.Silo);
        return stream;
    }

    private void WatchStranger()
    {
        if (_stage != Stage.Open)
        {
            wire.End(new WireFault(WireFaultCode.Timeout, "The front-end did not prove itself in time."), tell: true);
        }
    }

    private void WatchSilence()
    {
        var heard = Volatile.Read(ref _heard);
        if (heard == _heardBefore)
        {
            wire.End(new WireFault(WireFaultCode.Silent, "Nothing was heard from the front-end."), tell: false);
        }

        _heardBefore = heard;
    }
}
