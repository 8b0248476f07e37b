namespace Orchestrator.Silo.Tests.Wire;

/// <summary>A transport whose writes complete when the test says so, each with what it got.</summary>
internal sealed class GatedStream : Stream
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _pending;

    /// <summary>Bytes of every write.</summary>
    public List<byte[]> Writes { get; } = [];

    public bool IsOpen { get; set; } = true;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            Assert.Null(_pending);
            Writes.Add(buffer.ToArray());
            if (IsOpen)
            {
                return ValueTask.CompletedTask;
            }

            _pending = new TaskCompletionSource();
            return new ValueTask(_pending.Task);
        }
    }

    /// <summary>Completes the write that waits; its sender goes on before this returns.</summary>
    public void Complete(Exception? failure = null)
    {
        TaskCompletionSource pending;
        lock (_gate)
        {
            pending = _pending!;
            _pending = null;
        }

        if (failure is null)
        {
            pending.SetResult();
        }
        else
        {
            pending.SetException(failure);
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
