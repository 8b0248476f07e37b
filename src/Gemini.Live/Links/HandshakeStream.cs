using System.Runtime.CompilerServices;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Links;

/// <summary>
/// A connection while HTTP has it. No read goes beyond the end of a head, so that what follows the upgrade is still here when the
/// connection is taken from the client that asked for it: its wrapper, its buffers and itself are needed no longer.
/// </summary>
internal sealed class HandshakeStream(Stream connection) : DuplexStream
{
    private byte[] _read = [];
    private int _start;
    private int _end;
    private bool _lineEnded;
    private bool _isOver;

    /// <summary>HTTP is done with the head that it read last: gives what follows.</summary>
    public Stream TakeOver()
    {
        _isOver = true;
        return _start == _end ? connection : this;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _start < _end ? ValueTask.FromResult(Take(buffer.Span))
        : _isOver ? connection.ReadAsync(buffer, cancellationToken)
        : FillAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        connection.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => connection.FlushAsync(cancellationToken);

    public override void Flush() => connection.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            connection.Dispose();
        }

        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> FillAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_read.Length < buffer.Length)
        {
            _read = new byte[buffer.Length];
        }

        (_start, _end) = (0, 0);
        _end = await connection.ReadAsync(_read.AsMemory(0, buffer.Length), cancellation);
        return Take(buffer.Span);
    }

    /// <summary>Gives no more than up to an empty line, whose carriage return may be missing.</summary>
    private int Take(Span<byte> to)
    {
        var held = _read.AsSpan(_start, Math.Min(_end - _start, to.Length));
        var count = 0;
        for (var ended = false; count < held.Length && !ended; count++)
        {
            ended = _lineEnded && held[count] == '\n';
            _lineEnded = held[count] == '\n' || (_lineEnded && held[count] == '\r');
        }

        held[..count].CopyTo(to);
        _start += count;
        return count;
    }
}
