using System.Text.Json;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>
/// One connection of a client, sans I/O: frames, time and the socket's end go in, frames to send and the next
/// deadline come out. The same inputs at the same times give the same outputs. Whoever drives it holds
/// <see cref="SimulatorWorld.Gate"/>, calls <see cref="Elapsed"/> when <see cref="NextDeadline"/> is reached, and
/// performs the outputs in order.
/// </summary>
public sealed partial class LiveConnection
{
    private readonly SimulatorWorld _world;
    private readonly ConnectRequest _request;
    private readonly Random _random;
    private readonly SimulatorOptions _options;
    private readonly SimulatorKnobs _knobs;
    private readonly Timers _timers = new();
    private List<SimOutput> _outputs = [];
    private DateTimeOffset _now;
    private DateTimeOffset _openedAt;
    private DateTimeOffset _inputFreeAt;
    private bool _ended;
    private bool _silent;

    internal LiveConnection(SimulatorWorld world, ConnectRequest request, int number, Random random)
    {
        _world = world;
        _request = request;
        _random = random;
        _options = world.Options;
        _knobs = world.Knobs.Clone();
        Number = number;
    }

    /// <summary>Number of the connection since the world's last reset, from 1.</summary>
    public int Number { get; }

    /// <summary>The session, once setup was accepted.</summary>
    public string? SessionId => _session?.Id;

    /// <summary>When <see cref="Elapsed"/> must be called next; null for not at all.</summary>
    public DateTimeOffset? NextDeadline => _ended ? null : _timers.Next;

    /// <summary>The upgrade was answered.</summary>
    public IReadOnlyList<SimOutput> Opened(DateTimeOffset now) => Do(now, () =>
    {
        _openedAt = now;
        if (RefuseCredential() is { } refusal)
            End(refusal);
        else
            Arm(_options.SetupTimeout, () =>
            {
                if (_setup is null)
                    End(Refusal.Deadline);
            });
    });

    /// <summary>A text or binary frame arrived; it is not kept after the call.</summary>
    public IReadOnlyList<SimOutput> Received(ReadOnlyMemory<byte> frame, DateTimeOffset now) => Do(now, () =>
    {
        if (_ended || _silent)
            return;
        if (_knobs.BurstInput == BurstInput.Throttled && Throttle(frame) is var start && start > _now)
        {
            var copy = frame.ToArray();
            _timers.Arm(start, () => Take(copy));
        }
        else
        {
            Take(frame);
        }
    });

    /// <summary>A deadline was reached, or any later moment.</summary>
    public IReadOnlyList<SimOutput> Elapsed(DateTimeOffset now) => Do(now, static () => { });

    /// <summary>The socket is gone, by whichever side; a null code means without a close frame.</summary>
    public IReadOnlyList<SimOutput> SocketClosed(int? code, string reason, DateTimeOffset now) => Do(now, () =>
    {
        if (!_ended)
            Release(code, reason, byClient: true);
    });

    /// <summary>Faults have changed: arms those that fit the phase that the connection is in.</summary>
    public IReadOnlyList<SimOutput> Rearm(DateTimeOffset now) => Do(now, RearmAll);

    private IReadOnlyList<SimOutput> Do(DateTimeOffset now, Action action)
    {
        // What was due before this input happened before it.
        RunUntil(now);
        // A clock that is set back does not turn the conversation back.
        _now = now > _now ? now : _now;
        action();
        RunUntil(_now);
        if (_outputs.Count == 0)
            return [];
        var outputs = _outputs;
        _outputs = [];
        return outputs;
    }

    private void RunUntil(DateTimeOffset now)
    {
        while (!_ended && _timers.TryTake(now, out var at, out var action))
        {
            _now = at > _now ? at : _now;
            if (!_silent)
                action();
        }
    }

    private SimTimer Arm(TimeSpan delay, Action action) => _timers.Arm(_now + delay, action);

    private void Take(ReadOnlyMemory<byte> frame)
    {
        if (_ended)
            return;
        using var document = ProtoJson.Read(frame, "ClientMessage", out var error);
        if (document is null)
        {
            End(Refusal.Payload(error!));
            return;
        }
        LogReceived(frame.Length, document.RootElement);
        if (Dispatch(document.RootElement) is { } refusal)
            End(refusal);
        else
            CountFrame();
    }

    private Refusal? Dispatch(JsonElement message)
    {
        var setup = message.Get("setup");
        if (_setup is null)
            return setup.Exists() && !_setupPending ? OnSetup(setup) : Refusal.InvalidArgument;
        if (setup.Exists())
            return Refusal.InvalidArgument;
        if (message.Get("toolResponse") is { } results && results.Exists())
            return OnToolResponse(results);
        if (_setup.RefuseFirstContent)
            return Refusal.InvalidArgument;
        if (message.Get("realtimeInput") is { } realtime && realtime.Exists())
            return OnRealtimeInput(realtime);
        if (message.Get("clientContent") is { } content && content.Exists())
            return OnClientContent(content);
        if (message.Get("contextUpdate") is { } update && update.Exists())
            return OnContextUpdate(update);
        return Refusal.InvalidArgument;
    }

    /// <summary>
    /// With throttled input, audio is consumed at twice real time: says when this frame's turn comes, and moves
    /// the mark for the frames behind it.
    /// </summary>
    private DateTimeOffset Throttle(ReadOnlyMemory<byte> frame)
    {
        var start = _inputFreeAt > _now ? _inputFreeAt : _now;
        // Base64 of PCM16 at 16 kHz is 42,667 characters per second.
        _inputFreeAt = frame.Span.IndexOf("audio/pcm"u8) < 0 ? start : start + TimeSpan.FromSeconds(frame.Length / 42_667.0 / 2);
        return start;
    }

    private void Send(byte[] frame, ReadOnlySpan<byte> modelAudio = default, string? transcript = null)
    {
        if (_ended || _silent)
            return;
        _outputs.Add(new SimOutput.Send(frame));
        if (!modelAudio.IsEmpty && _options.KeepAudio)
            _session?.ModelAudio.Write(modelAudio);
        LogSent(frame, modelAudio.Length, transcript);
        CountFrame();
    }

    private void End(Refusal refusal)
    {
        if (_ended || _silent)
            return;
        _outputs.Add(new SimOutput.Close(refusal.Code, refusal.WireReason));
        Release(refusal.Code, refusal.WireReason, byClient: false);
    }

    /// <param name="halfOpen">How long the session still takes the socket for an open one.</param>
    private void Abort(TimeSpan halfOpen)
    {
        if (_ended)
            return;
        _outputs.Add(new SimOutput.Abort());
        Release(null, "aborted by a fault", byClient: false);
        if (_session is not null)
            _session.ReleasedAt = _now + halfOpen;
    }
}
