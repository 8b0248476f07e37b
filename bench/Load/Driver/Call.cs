using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Sockets;
using Orchestrator.Bench.Load.Traffic;

namespace Orchestrator.Bench.Load.Driver;

/// <summary>
/// One client. The driver's sending thread says when a frame is due; what comes back is timed where it is received, against
/// the moment at which the frame was due, not that at which it left: a client that is held up makes the figure worse, not
/// better (coordinated omission).
/// </summary>
internal sealed class Call : IDisposable
{
    private const uint Mask = 0x5A17C3E9;

    private static readonly byte[] Voiced = RawFrame.Make(RawFrame.Text, Frames.User(voiced: true), Mask);
    private static readonly byte[] Silent = RawFrame.Make(RawFrame.Text, Frames.User(voiced: false), Mask);
    private static readonly int StampAt = RawFrame.HeadSize(Frames.User(voiced: true).Length, masked: true) + Frames.UserPrefix.Length;

    private readonly Socket _socket;
    private readonly RawSends _sends;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _voiced = [.. Voiced];
    private readonly byte[] _silent = [.. Silent];
    private Window _window = Window.Nothing;
    private bool _closing;
    private long _newest;

    private Call(Socket socket)
    {
        _socket = socket;
        _sends = new RawSends(socket);
    }

    /// <summary>From when a frame of the window was due until its echo was here.</summary>
    public Histogram Latency { get; } = new();

    /// <summary>From the first packet of the connection to <c>setupComplete</c>, in microseconds.</summary>
    public long SetUpMicroseconds { get; private set; }

    /// <summary>Echoes that the window's frames should have.</summary>
    public long EchoesDue { get; private set; }

    /// <summary>Echoes of the window's frames that came.</summary>
    public long EchoesCame => Latency.Count;

    public int Turns { get; private set; }

    /// <summary>The socket ended before the driver did.</summary>
    public bool IsLost { get; private set; }

    public long Frame { get; set; }

    /// <summary>Dials, sends the setup and waits for <c>setupComplete</c>.</summary>
    public static async Task<Call> OpenAsync(Uri url, string path, string apiKey, string setup)
    {
        var begun = Stopwatch.GetTimestamp();
        var (socket, rest) = await Handshake.DialAsync(url, path, apiKey);
        var call = new Call(socket);
        _ = call.ReceiveAsync(rest);
        call._sends.Send(RawFrame.Make(RawFrame.Text, Encoding.UTF8.GetBytes(setup), Mask));
        await call._ready.Task.WaitAsync(TimeSpan.FromSeconds(30));
        call.SetUpMicroseconds = Microseconds(Stopwatch.GetTimestamp() - begun);
        return call;
    }

    /// <summary>From now on frames that are due within the window count.</summary>
    public void Measure(Window window)
    {
        Latency.Clear();
        EchoesDue = 0;
        Volatile.Write(ref _window, window);
    }

    /// <summary>Sends the next frame. On the driver's sending thread.</summary>
    public void Send(TalkPlan plan, long due)
    {
        if (plan.MarkBefore(Frame) is { } mark)
        {
            _sends.Send(RawFrame.Make(RawFrame.Text, Encoding.UTF8.GetBytes(mark), Mask));
        }

        var part = plan.At(Frame++);
        var frame = part == Part.Speech ? _voiced : _silent;
        var stamp = frame.AsSpan(StampAt, Stamp.Characters);
        Stamp.Write(stamp, due, part);
        RawFrame.Mask(stamp, Mask, Frames.UserPrefix.Length);
        if (part == Part.Echo && _window.Has(due))
        {
            EchoesDue++;
        }

        _sends.Send(frame);
    }

    /// <summary>Says goodbye; the socket is closed later.</summary>
    public void Close()
    {
        IsLost |= _sends.IsBroken;
        _closing = true;
        _sends.Send(RawFrame.Make(RawFrame.Close, [0x03, 0xE8], Mask));
    }

    public void Dispose() => _socket.Dispose();

    private static long Microseconds(long ticks) => ticks * 1_000_000 / Stopwatch.Frequency;

    private async Task ReceiveAsync(ReadOnlyMemory<byte> rest)
    {
        await RawReceiver.RunAsync(_socket, rest, Take);
        IsLost |= !_closing;
        _ready.TrySetException(new IOException("The socket ended before setupComplete."));
    }

    private void Take(int opcode, Span<byte> payload, uint? key)
    {
        if (opcode == RawFrame.Ping)
        {
            _sends.Send(RawFrame.Make(RawFrame.Pong, payload, Mask));
        }
        else if (payload.StartsWith(Frames.ModelPrefix) && Stamp.TryRead(payload[Frames.ModelPrefix.Length..], out var due, out var part) && part == Part.Echo)
        {
            // After a lost connection a reply comes once more: that is no echo of this moment.
            if (due > _newest)
            {
                _newest = due;
                if (_window.Has(due))
                {
                    Latency.Add(Microseconds(Stopwatch.GetTimestamp() - due));
                }
            }
        }
        else if (payload.IndexOf("\"turnComplete\""u8) >= 0)
        {
            Turns++;
        }
        else if (payload.IndexOf("\"setupComplete\""u8) >= 0)
        {
            _ready.TrySetResult();
        }
    }
}

/// <summary>Frames that are due from one moment to another, in ticks of <see cref="Stopwatch"/>.</summary>
internal sealed record Window(long From, long To)
{
    public static readonly Window Nothing = new(long.MaxValue, long.MaxValue);

    public bool Has(long due) => due >= From && due < To;
}
