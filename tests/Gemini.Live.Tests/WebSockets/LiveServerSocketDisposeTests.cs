using Gemini.Live.Tests.Support;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

public sealed class LiveServerSocketDisposeTests
{
    /// <summary>An encrypted connection that is torn down under a write may send what is none of its business.</summary>
    [Fact]
    public async Task Dispose_WaitsForTheWriteUnderWay()
    {
        await using var stream = new StuckStream();
        var server = new LiveServerSocket(stream, new ServerSocketOptions());
        Assert.True(server.TrySend("a"u8, binary: true));
        Assert.True(server.TrySend("b"u8, binary: true));
        var dispose = server.DisposeAsync().AsTask();
        await stream.Cancelled.Task.Soon();
        Assert.Equal((false, false), (dispose.IsCompleted, stream.IsDisposed));

        stream.Pending.SetCanceled();
        await dispose.Soon();
        Assert.Equal((true, 1), (stream.IsDisposed, stream.Writes));
        Assert.False(server.TrySend("c"u8, binary: true));
    }

    [Fact]
    public async Task Dispose_WithNothingUnderWay_IsOverAtOnce()
    {
        await using var stream = new StuckStream();
        var server = new LiveServerSocket(stream, new ServerSocketOptions());
        stream.Pending.SetResult();
        Assert.True(server.TrySend("a"u8, binary: true));
        await server.DisposeAsync().AsTask().Soon();
        Assert.True(stream.IsDisposed);
    }

    /// <summary>A write lasts as long as the test wants, cancelled or not.</summary>
    private sealed class StuckStream : MemoryStream
    {
        public TaskCompletionSource Pending { get; } = new();

        public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Writes { get; private set; }

        public bool IsDisposed { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes++;
            cancellationToken.Register(Cancelled.SetResult);
            return new ValueTask(Pending.Task);
        }

        protected override void Dispose(bool disposing) => IsDisposed = true;
    }
}
