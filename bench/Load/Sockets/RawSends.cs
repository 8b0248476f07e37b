using System.Net.Sockets;

namespace Orchestrator.Bench.Load.Sockets;

/// <summary>
/// The sending half of a raw socket: the calling thread writes when no write is in flight; what comes meanwhile goes out
/// behind it in one write.
/// </summary>
internal sealed class RawSends(Socket socket)
{
    private readonly Lock _gate = new();
    private byte[] _inFlight = [];
    private byte[] _waiting = [];
    private int _length;
    private bool _busy;

    /// <summary>True when the socket has refused to send; what is sent after that is dropped.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Sends whole frames; the bytes may be used again when this returns.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (IsBroken)
            {
                return;
            }

            if (_busy)
            {
                Add(bytes);
                return;
            }

            try
            {
                var sent = socket.Send(bytes, SocketFlags.None, out var error);
                if (error is not SocketError.Success and not SocketError.WouldBlock)
                {
                    IsBroken = true;
                    return;
                }

                if (sent == bytes.Length)
                {
                    return;
                }

                Add(bytes[Math.Max(0, sent)..]);
                _busy = true;
            }
            catch (ObjectDisposedException)
            {
                IsBroken = true;
                return;
            }
        }

        _ = FinishAsync();
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        if (_length + bytes.Length > _waiting.Length)
        {
            Array.Resize(ref _waiting, Math.Max(16 * 1024, (_length + bytes.Length) * 2));
        }

        bytes.CopyTo(_waiting.AsSpan(_length));
        _length += bytes.Length;
    }

    private async Task FinishAsync()
    {
        try
        {
            while (true)
            {
                int length;
                lock (_gate)
                {
                    if (_length == 0)
                    {
                        _busy = false;
                        return;
                    }

                    (_inFlight, _waiting, length, _length) = (_waiting, _inFlight, _length, 0);
                }

                for (var sent = 0; sent < length;)
                {
                    sent += await socket.SendAsync(_inFlight.AsMemory(sent, length - sent), SocketFlags.None);
                }
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            lock (_gate)
            {
                IsBroken = true;
            }
        }
    }
}
