using System.Text;
using Xunit;
using Gemini.Live.Links;
using Gemini.Live.Simulator.Sessions;
using Orchestrator.Grains.Actor;
using Orchestrator.Testing;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>The network between the grain and a simulator core: dials take time, frames have latency and keep their order.</summary>
internal sealed class VirtualUpstream(SimulatorWorld world, ManualTime time, Random random, Schedule schedule) : IUpstream
{
    private DateTimeOffset? _prepared;

    public VirtualLink? Newest { get; private set; }

    /// <summary>Upstream is away: it drops the connection that it has, and takes no other.</summary>
    public bool IsDown
    {
        get;
        set
        {
            field = value;
            if (value)
            {
                Newest?.Break();
            }
        }
    }

    /// <summary>Every connection, oldest first.</summary>
    public List<VirtualLink> Links { get; } = [];

    /// <summary>A socket that is dialled ahead spares the dial, if its time was enough.</summary>
    public void Prepare(UpstreamEndpoint endpoint) => _prepared ??= time.GetUtcNow();

    public void Close() => _prepared = null;

    public IUpstreamLink Open(int number, UpstreamEndpoint endpoint, byte[] setup, IUpstreamReceiver receiver)
    {
        var ahead = _prepared is { } since && time.GetUtcNow() - since < TimeSpan.FromSeconds(10) ? time.GetUtcNow() - since : TimeSpan.Zero;
        _prepared = null;
        Newest = new VirtualLink(world, time, random, schedule, number, setup, receiver, () => IsDown, ahead);
        Links.Add(Newest);
        return Newest;
    }
}

/// <summary>One connection. The simulator's half ends when its close or ours arrives there, as with sockets.</summary>
internal sealed class VirtualLink : IUpstreamLink
{
    private readonly SimulatorWorld _world;
    private readonly ManualTime _time;
    private readonly Random _random;
    private readonly Schedule _schedule;
    private readonly int _number;
    private readonly byte[] _setup;
    private readonly IUpstreamReceiver _receiver;
    private readonly Func<bool> _isDown;
    private readonly VirtualClock.Pipe _up;
    private readonly VirtualClock.Pipe _down;
    private readonly ITimer _timer;
    private LiveConnection? _connection;
    private bool _givenUp;
    private bool _ended;
    private bool _sending;

    public VirtualLink(SimulatorWorld world, ManualTime time, Random random, Schedule schedule, int number, byte[] setup, IUpstreamReceiver receiver, Func<bool> isDown, TimeSpan ahead)
    {
        _isDown = isDown;
        (_world, _time, _random, _schedule, _number, _setup, _receiver) = (world, time, random, schedule, number, setup, receiver);
        _up = new VirtualClock.Pipe(time, schedule.Latency.Of(random));
        _down = new VirtualClock.Pipe(time, schedule.Latency.Of(random));
        _timer = time.CreateTimer(_ => Step(now => _connection!.Elapsed(now)), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        DialledAt = time.GetUtcNow();
        var dial = schedule.Dial.Of(random)() - ahead;
        time.After(dial > TimeSpan.Zero ? dial : TimeSpan.Zero, Dialled);
    }

    public int Number => _number;

    public DateTimeOffset DialledAt { get; }

    /// <summary>When setupComplete was heard.</summary>
    public DateTimeOffset? ReadyAt { get; private set; }

    /// <summary>When the grain heard of the end.</summary>
    public (DateTimeOffset At, LinkLoss Loss)? Ended { get; private set; }

    /// <summary>The grain closed it.</summary>
    public bool IsGivenUp => _givenUp;

    public IEnumerable<(DateTimeOffset At, string Text)> Story()
    {
        yield return (DialledAt, $"        link {_number} dialled{(Encoding.UTF8.GetString(_setup).Contains("\"handle\"", StringComparison.Ordinal) ? " with a handle" : "")}");
        if (ReadyAt is { } ready)
        {
            yield return (ready, $"        link {_number} set up");
        }

        if (Ended is { } end)
        {
            yield return (end.At, $"        link {_number} ended: {end.Loss}");
        }
    }

    /// <summary>True once the network has failed or either side has closed.</summary>
    public bool IsOver => _ended || _givenUp;

    public ValueTask SendAsync(ReadOnlySpan<byte> frame)
    {
        Assert.False(_sending, "Two sends at a time on one link.");
        Assert.NotNull(_connection);
        var copy = frame.ToArray();
        _up.Send(() => Step(now => _connection.Received(copy, now)));
        if (_random.NextDouble() >= _schedule.SlowSends)
        {
            return ValueTask.CompletedTask;
        }

        _sending = true;
        var done = new TaskCompletionSource();
        _time.After(_random.Next(1, 400).Ms(), () =>
        {
            _sending = false;
            done.SetResult();
        });
        return new ValueTask(done.Task);
    }

    public void Close()
    {
        _givenUp = true;
        if (_connection is not null && !_ended)
        {
            _up.Send(() =>
            {
                Step(now => _connection.SocketClosed(1000, "", now));
                _down.Send(() => End(new LinkLoss(LinkLossKind.ClosedByUs, 1000, "")));
            });
        }
    }

    /// <summary>Nobody reads or writes at our end any more.</summary>
    /// <param name="closed">The system has closed the socket; otherwise it stays open, and upstream does not notice.</param>
    public void Abandon(bool closed)
    {
        _ended = true;
        _up.Cut();
        _down.Cut();
        if (closed && _connection is not null && !_givenUp)
        {
            _up.Send(() => Step(now => _connection.SocketClosed(null, "", now)));
        }
    }

    /// <summary>The network fails: both directions lose what is under way, and the server notices later than we do.</summary>
    public void Break()
    {
        if (_connection is null || _ended)
        {
            return;
        }

        _up.Cut();
        _down.Cut();
        End(new LinkLoss(LinkLossKind.NetworkLost, Code: null, "reset"));
        _time.After(_random.Next(0, 1_500).Ms(), () => Step(now => _connection.SocketClosed(null, "", now)));
    }

    /// <summary>Faults have been added to the world: those that fit strike here, too.</summary>
    public void Rearm()
    {
        if (_connection is not null && !IsOver)
        {
            Step(now => _connection.Rearm(now));
        }
    }

    private void Dialled()
    {
        if (_givenUp)
        {
            return;
        }

        if (_isDown())
        {
            End(new LinkLoss(LinkLossKind.DialRefused, Code: null, "refused", 503));
            return;
        }

        switch (_world.Dial(new ConnectRequest("v1beta", Constrained: false, "virtual-key-1234")))
        {
            case DialVerdict.Refuse refuse:
                End(new LinkLoss(LinkLossKind.DialRefused, Code: null, "refused", refuse.Status));
                break;
            case DialVerdict.Accept accept:
                _connection = accept.Connection;
                Step(now => _connection.Opened(now));
                _up.Send(() => Step(now => _connection.Received(_setup, now)));
                break;
            default:
                End(new LinkLoss(LinkLossKind.DialFailed, Code: null, "reset"));
                break;
        }
    }

    private void Step(Func<DateTimeOffset, IReadOnlyList<SimOutput>> step)
    {
        foreach (var output in step(_time.GetUtcNow()))
        {
            switch (output)
            {
                case SimOutput.Send send:
                    _down.Send(() =>
                    {
                        if (!_ended)
                        {
                            ReadyAt ??= send.Frame.Span.IndexOf("setupComplete"u8) >= 0 ? _time.GetUtcNow() : null;
                            _receiver.LinkReceived(_number, send.Frame);
                        }
                    });
                    break;
                case SimOutput.Close close:
                    _down.Send(() => End(new LinkLoss(LinkLossKind.CloseFrame, close.Code, close.Reason)));
                    break;
                case SimOutput.Abort:
                    if (_random.Next(2) == 0)
                    {
                        // A reset may overtake what it follows.
                        _down.Cut();
                    }

                    _down.Send(() => End(new LinkLoss(LinkLossKind.NetworkLost, Code: null, "reset")));
                    break;
            }
        }

        var wait = _connection!.NextDeadline - _time.GetUtcNow();
        _timer.Change(wait is { } w ? (w > TimeSpan.Zero ? w : TimeSpan.Zero) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private void End(LinkLoss loss)
    {
        if (!_ended)
        {
            _ended = true;
            Ended = (_time.GetUtcNow(), loss);
            _receiver.LinkClosed(_number, loss);
        }
    }
}
