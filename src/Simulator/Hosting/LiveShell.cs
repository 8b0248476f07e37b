using System.Net.Sockets;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Simulator.Hosting;

/// <summary>
/// Between one socket and one <see cref="LiveConnection"/>: hands over frames, keeps the timer, performs the
/// outputs. <c>_order</c> keeps outputs in the order in which the core made them, whichever thread asked;
/// inside it the world's gate is held only while the core thinks, never while bytes are written.
/// </summary>
internal sealed class LiveShell : IServerSocketHandler, IDisposable
{
    private readonly SimulatorWorld _world;
    private readonly LiveConnection _connection;
    private readonly LiveServerSocket _socket;
    private readonly Socket? _transport;
    private readonly TimeProvider _clock;
    private readonly Lock _order = new();
    private readonly ITimer _timer;
    private readonly Random _random;
    private SimOutput.SlowPongs? _slowPongs;
    private bool _disposed;

    public LiveShell(SimulatorWorld world, LiveConnection connection, LiveServerSocket socket, Socket? transport, TimeProvider clock)
    {
        _world = world;
        _connection = connection;
        _socket = socket;
        _transport = transport;
        _clock = clock;
        _random = new Random(connection.Number);
        _timer = clock.CreateTimer(static shell => ((LiveShell)shell!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public async Task RunAsync(CancellationToken abort)
    {
        Step(now => _connection.Opened(now));
        var end = await _socket.RunAsync(this, abort);
        Step(now => _connection.SocketClosed(end.Kind == SocketEndKind.NetworkLost ? null : end.Code, end.Reason, now));
    }

    public ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
    {
        lock (_order)
        {
            IReadOnlyList<SimOutput> outputs;
            lock (_world.Gate)
                outputs = _connection.Received(payload, _clock.GetUtcNow());
            Perform(outputs);
        }
        return ValueTask.CompletedTask;
    }

    public void OnPing(ReadOnlySpan<byte> payload)
    {
        if (_slowPongs is not { } slow)
        {
            _socket.TryPong(payload);
            return;
        }
        var answer = payload.ToArray();
        var delay = slow.Min + ((slow.Max - slow.Min) * _random.NextDouble());
        ITimer? timer = null;
        timer = _clock.CreateTimer(_ =>
        {
            _socket.TryPong(answer);
            timer?.Dispose();
        }, null, delay, Timeout.InfiniteTimeSpan);
    }

    public void OnPong(ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>Released before the close is answered: a client that resumes at the echo finds the session free.</summary>
    public void OnPeerClosing(int? code, string reason) => Step(now => _connection.SocketClosed(code, reason, now));

    /// <summary>Faults have changed.</summary>
    public void Rearm() => Step(now => _connection.Rearm(now));

    public void Dispose()
    {
        lock (_order)
            _disposed = true;
        _timer.Dispose();
    }

    private void OnTimer() => Step(now => _connection.Elapsed(now));

    private void Step(Func<DateTimeOffset, IReadOnlyList<SimOutput>> step)
    {
        lock (_order)
        {
            if (_disposed)
                return;
            IReadOnlyList<SimOutput> outputs;
            lock (_world.Gate)
                outputs = step(_clock.GetUtcNow());
            Perform(outputs);
        }
    }

    private void Perform(IReadOnlyList<SimOutput> outputs)
    {
        foreach (var output in outputs)
        {
            switch (output)
            {
                case SimOutput.Send send:
                    // A client that does not read is cut off, as by any server with bounded buffers.
                    if (!_socket.TrySend(send.Frame.Span, binary: true))
                        _socket.Abort();
                    break;
                case SimOutput.Close close:
                    _socket.Close(close.Code, close.Reason);
                    break;
                case SimOutput.Abort:
                    Reset(_transport);
                    _socket.Abort();
                    break;
                case SimOutput.SlowPongs slow:
                    _slowPongs = slow;
                    break;
            }
        }
        if (!_disposed)
            Schedule();
    }

    /// <summary>RST instead of FIN: what a crashed server or a NAT that forgot looks like.</summary>
    public static void Reset(Socket? transport)
    {
        if (transport is null)
            return;
        transport.LingerState = new LingerOption(enable: true, seconds: 0);
        transport.Close();
    }

    private void Schedule()
    {
        if (_connection.NextDeadline is not { } due)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }
        var wait = due - _clock.GetUtcNow();
        // Timers have whole milliseconds: rounded up, so that the deadline has passed when it fires.
        var ms = Math.Max(0, Math.Ceiling(wait.TotalMilliseconds));
        _timer.Change(TimeSpan.FromMilliseconds(ms), Timeout.InfiniteTimeSpan);
    }
}
