using System.Net;
using System.Net.Sockets;
using Orchestrator.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Attach;

/// <summary>A front-end that says what the test wants, byte by byte.</summary>
internal sealed class RawEdge : IDisposable
{
    public const string Secret = "a secret of the cluster, 32 chars";

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly WireReader _reader = new() { MaxBody = 64 * 1024 * 1024 };
    private byte[] _hello = [];

    private RawEdge()
    {
    }

    public static async Task<RawEdge> ConnectAsync(IPEndPoint silo, int? receiveBuffer = null)
    {
        var edge = new RawEdge();
        if (receiveBuffer is { } bytes)
        {
            edge._socket.ReceiveBufferSize = bytes;
        }

        await edge._socket.ConnectAsync(silo);
        return edge;
    }

    /// <summary>Connects and proves itself.</summary>
    public static async Task<RawEdge> ProvedAsync(IPEndPoint silo, int? receiveBuffer = null)
    {
        var edge = await ConnectAsync(silo, receiveBuffer);
        await edge.ProveAsync(Secret);
        return edge;
    }

    /// <summary>Greets, and tells whether the silo answers in kind.</summary>
    public async Task<bool> IsWelcomeAsync()
    {
        try
        {
            await SendAsync(0, new HelloWire(WireProof.NewNonce(), 64 * 1024 * 1024, "raw"));
            return (await NextAsync()).Header.Kind == WireKind.Welcome;
        }
        catch (Exception closed) when (closed is SocketException or IOException)
        {
            return false;
        }
    }

    /// <summary>Both greetings and the proof.</summary>
    public async Task<WelcomeWire> ProveAsync(string secret)
    {
        var hello = new HelloWire(WireProof.NewNonce(), 64 * 1024 * 1024, "raw");
        _hello = WireProof.BodyOf(hello);
        await SendAsync(0, hello);
        var (header, body) = await NextAsync();
        Assert.Equal(WireKind.Welcome, header.Kind);
        Assert.True(WelcomeWire.TryRead(body, out var welcome));
        await SendAsync(0, new ProofWire(new WireProof(secret).OfEdge(_hello, body)));
        return welcome;
    }

    public Task SendAsync<TFrame>(uint stream, in TFrame frame)
        where TFrame : struct, IWireFrame => SendAsync(Wire.RandomFrame.Whole(stream, frame));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes)..];
        }
    }

    /// <summary>Attaches as a stream and waits for the answer.</summary>
    public async Task<AttachedWire> AttachAsync(uint stream)
    {
        await SendAsync(stream, Attach());
        return await NextAsync(stream, WireKind.Attached) is var body && AttachedWire.TryRead(body, out var attached) ? attached : throw new InvalidOperationException();
    }

    public static AttachWire Attach() => new(new AttachRequest(new TenantId("acme"), new ConversationId(new Guid(new byte[16])), Resume: false, "{}"u8.ToArray()));

    /// <summary>The next frame, whatever it is.</summary>
    public async Task<(WireHeader Header, byte[] Body)> NextAsync() =>
        await TryNextAsync() is var (header, body) ? (header, body) : throw new EndOfStreamException("The silo closed the connection.");

    /// <summary>The next frame of a stream and kind; others are passed over.</summary>
    public async Task<byte[]> NextAsync(uint stream, WireKind kind)
    {
        while (true)
        {
            var (header, body) = await NextAsync();
            if (header.Stream == stream && header.Kind == kind)
            {
                return body;
            }
        }
    }

    /// <summary>Reads to the end: why the silo said goodbye; null when it left without a word.</summary>
    public async Task<WireFault?> GoodbyeAsync()
    {
        WireFault? goodbye = null;
        while (await TryNextAsync() is var (header, body))
        {
            if (header.Kind == WireKind.Goodbye)
            {
                Assert.True(GoodbyeWire.TryRead(body, out var wire));
                goodbye = wire.Fault;
            }
        }

        return goodbye;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _reader.Dispose();
    }

    private async Task<(WireHeader Header, byte[] Body)?> TryNextAsync()
    {
        while (true)
        {
            if (_reader.TryNext(out var header, out var body))
            {
                return (header, body.ToArray());
            }

            Assert.Null(_reader.Fault);
            int count;
            try
            {
                count = await Patience.For(_socket.ReceiveAsync(_reader.Room()).AsTask(), "a frame of the silo");
            }
            catch (SocketException)
            {
                return null;
            }

            if (count == 0)
            {
                return null;
            }

            _reader.Filled(count);
        }
    }
}
