using System.Buffers;

namespace Orchestrator.Wire;

/// <summary>
/// The receiving half of the codec, without I/O: bytes are put into <see cref="Room"/>, whole frames come out of
/// <see cref="TryNext"/> where they stand. The buffer grows only as far as bytes have really come.
/// </summary>
internal sealed class WireReader : IDisposable
{
    private const int BaseSize = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BaseSize);
    private int _start;
    private int _end;

    /// <summary>Largest body that is read.</summary>
    public int MaxBody { get; set; }

    /// <summary>What was wrong, once something was; nothing is read after it.</summary>
    public WireFault? Fault { get; private set; }

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> Room()
    {
        var held = _end - _start;
        if (held == 0)
        {
            (_start, _end) = (0, 0);
            if (_buffer.Length > BaseSize * 2)
            {
                Replace(BaseSize, 0);
            }
        }
        else if (_buffer.Length - _end < BaseSize / 4)
        {
            if (held > _buffer.Length / 2)
            {
                Replace(_buffer.Length * 2, held);
            }
            else
            {
                _buffer.AsSpan(_start, held).CopyTo(_buffer);
                (_start, _end) = (0, held);
            }
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were put into <see cref="Room"/>.</summary>
    public void Filled(int count) => _end += count;

    /// <summary>Takes the next whole frame; false when more bytes are needed, or after a fault.</summary>
    /// <param name="body">Valid until the next call of any member.</param>
    public bool TryNext(out WireHeader header, out ReadOnlyMemory<byte> body)
    {
        (header, body) = (default, default);
        var held = _end - _start;
        if (Fault is not null || held < WireHeader.Size)
        {
            return false;
        }

        header = WireHeader.Read(_buffer.AsSpan(_start));
        if (!IsKnown(header.Kind))
        {
            Fault = new WireFault(WireFaultCode.UnknownKind, $"There is no frame of kind {(byte)header.Kind}.");
            return false;
        }

        if (header.Length < 0 || header.Length > MaxBody)
        {
            Fault = new WireFault(WireFaultCode.Oversize, $"A frame has {(uint)header.Length} bytes; {MaxBody} are read.");
            return false;
        }

        if (held - WireHeader.Size < header.Length)
        {
            return false;
        }

        body = _buffer.AsMemory(_start + WireHeader.Size, header.Length);
        _start += header.FrameSize;
        return true;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private static bool IsKnown(WireKind kind) => kind is (>= WireKind.Hello and <= WireKind.Goodbye) or (>= WireKind.Attach and <= WireKind.Released);

    private void Replace(int size, int held)
    {
        var next = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(_start, held).CopyTo(next);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = next;
        (_start, _end) = (0, held);
    }
}
