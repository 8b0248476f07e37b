using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Gemini.Live.WebSockets;

/// <summary>What <see cref="MessageReader.Next"/> found.</summary>
internal enum ReadStep
{
    NeedMore,
    Message,
    Ping,
    Pong,
    Close,
    Violation,
}

/// <summary>
/// The receiving half of the codec, without I/O: bytes are put into <see cref="Room"/>, whole messages come out of
/// <see cref="Next"/>. A client masks what it sends and a server does not (RFC 6455 §5.1). Unfragmented messages are unmasked
/// in place and handed out where they stand. Buffers grow only as far as bytes have really come, and are given back once they
/// are empty.
/// </summary>
internal sealed class MessageReader(int maxMessage, bool fromServer = false) : IDisposable
{
    private const int BaseSize = 4 * 1024;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _wanted;

    // A fragmented message under construction.
    private byte[] _joined = [];
    private int _joinedLength;
    private Opcode _joining; // Continuation: none

    /// <summary>Payload of the last step, valid until the next call of any member.</summary>
    public Memory<byte> Payload { get; private set; }

    /// <summary>Whether the last message was binary.</summary>
    public bool Binary { get; private set; }

    /// <summary>Close code and reason for a violation.</summary>
    public (int Code, string Reason) Fault { get; private set; }

    /// <summary>Where the next bytes go; never empty.</summary>
    public Memory<byte> Room()
    {
        var held = _end - _start;
        if (held == 0)
        {
            (_start, _end) = (0, 0);
            if (_buffer.Length is 0 or > BaseSize)
            {
                Replace(BaseSize, 0);
            }
        }
        else if (_end == _buffer.Length || _start + _wanted > _buffer.Length)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, held).CopyTo(_buffer);
                (_start, _end) = (0, held);
            }
            else if (_end == _buffer.Length)
            {
                Replace(_buffer.Length * 2, held);
            }
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were put into <see cref="Room"/>.</summary>
    public void Filled(int count) => _end += count;

    /// <summary>Takes the next whole message or control frame off the buffer.</summary>
    public ReadStep Next()
    {
        while (true)
        {
            var step = NextFrame(out var opcode, out var final);
            if (step != ReadStep.Message)
            {
                return step;
            }

            if (opcode >= Opcode.Close)
            {
                return opcode switch
                {
                    Opcode.Ping => ReadStep.Ping,
                    Opcode.Pong => ReadStep.Pong,
                    _ => ReadStep.Close,
                };
            }

            if ((opcode == Opcode.Continuation) != (_joining != Opcode.Continuation))
            {
                return Violate(1002, "Bad fragmentation.");
            }

            if (final && opcode != Opcode.Continuation)
            {
                Binary = opcode == Opcode.Binary;
                return ReadStep.Message;
            }

            Join(opcode);
            if (final)
            {
                Payload = _joined.AsMemory(0, _joinedLength);
                Binary = _joining == Opcode.Binary;
                _joining = Opcode.Continuation;
                return ReadStep.Message;
            }
        }
    }

    public void Dispose()
    {
        GiveBack(ref _buffer);
        GiveBack(ref _joined);
    }

    private ReadStep NextFrame(out Opcode opcode, out bool final)
    {
        if (_joining == Opcode.Continuation && _joined.Length > 0)
        {
            GiveBack(ref _joined);
            _joinedLength = 0;
        }

        var bytes = _buffer.AsSpan(_start, _end - _start);
        opcode = default;
        final = false;
        if (bytes.Length < 2)
        {
            return Want(2);
        }

        opcode = (Opcode)(bytes[0] & 0x0F);
        final = (bytes[0] & 0x80) != 0;
        var length = (ulong)(bytes[1] & 0x7F);
        if ((bytes[0] & 0x70) != 0 || opcode is > Opcode.Binary and < Opcode.Close or > Opcode.Pong)
        {
            return Violate(1002, "Reserved bits or opcode.");
        }

        if ((bytes[1] & 0x80) != 0 == fromServer)
        {
            return Violate(1002, fromServer ? "Server frames must not be masked." : "Client frames must be masked.");
        }

        if (opcode >= Opcode.Close && (!final || length > FrameCodec.MaxControlPayload))
        {
            return Violate(1002, "Control frame too long or fragmented.");
        }

        var header = length switch { 126 => 4, 127 => 10, _ => 2 } + (fromServer ? 0 : FrameCodec.MaskSize);
        if (bytes.Length < header)
        {
            return Want(header);
        }

        length = length switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            127 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => length,
        };
        if (length > long.MaxValue)
        {
            return Violate(1002, "Bad length.");
        }

        if (length + (ulong)_joinedLength > (ulong)maxMessage && opcode < Opcode.Close)
        {
            return Violate(1009, $"Message is larger than {maxMessage} bytes.");
        }

        var size = header + (int)length;
        if (bytes.Length < size)
        {
            return Want(size);
        }

        Payload = _buffer.AsMemory(_start + header, (int)length);
        if (!fromServer)
        {
            FrameCodec.Mask(Payload.Span, MemoryMarshal.Read<uint>(bytes[(header - FrameCodec.MaskSize)..]));
        }

        _start += size;
        _wanted = 0;
        return ReadStep.Message;
    }

    private void Replace(int size, int held)
    {
        var next = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(0, held).CopyTo(next);
        GiveBack(ref _buffer);
        _buffer = next;
    }

    private void Join(Opcode opcode)
    {
        if (opcode != Opcode.Continuation)
        {
            _joining = opcode;
        }

        var length = _joinedLength + Payload.Length;
        if (length > _joined.Length)
        {
            var next = ArrayPool<byte>.Shared.Rent(Math.Max(length, Math.Min(maxMessage, _joined.Length * 2)));
            _joined.AsSpan(0, _joinedLength).CopyTo(next);
            GiveBack(ref _joined);
            _joined = next;
        }

        Payload.Span.CopyTo(_joined.AsSpan(_joinedLength));
        _joinedLength = length;
    }

    private ReadStep Want(int size)
    {
        _wanted = size;
        return ReadStep.NeedMore;
    }

    private ReadStep Violate(int code, string reason)
    {
        Fault = (code, reason);
        return ReadStep.Violation;
    }

    private static void GiveBack(ref byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }
}
