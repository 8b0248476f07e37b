using System.Threading.Channels;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

internal sealed record Received(byte[] Payload, bool Binary);

/// <summary>Keeps what the socket hands over; a frame can be held to see that reading pauses.</summary>
internal sealed class RecordingHandler : IServerSocketHandler
{
    private readonly Channel<Received> _frames = Channel.CreateUnbounded<Received>();
    private readonly Channel<byte[]> _pings = Channel.CreateUnbounded<byte[]>();
    private readonly Channel<byte[]> _pongs = Channel.CreateUnbounded<byte[]>();
    private int _inside;

    public Func<Received, Task>? Hold { get; set; }

    public ChannelReader<Received> Frames => _frames.Reader;

    public ChannelReader<byte[]> Pings => _pings.Reader;

    public ChannelReader<byte[]> Pongs => _pongs.Reader;

    public async ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
    {
        Assert.Equal(1, Interlocked.Increment(ref _inside));
        var before = payload.ToArray();
        var frame = new Received(before, binary);
        if (Hold is { } hold)
        {
            await hold(frame);
            Assert.Equal(before, payload.ToArray()); // valid until the task completes
        }

        _frames.Writer.TryWrite(frame);
        Interlocked.Decrement(ref _inside);
    }

    public void OnPing(ReadOnlySpan<byte> payload) => _pings.Writer.TryWrite(payload.ToArray());

    public void OnPong(ReadOnlySpan<byte> payload) => _pongs.Writer.TryWrite(payload.ToArray());
}
