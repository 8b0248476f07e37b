using System.Buffers.Binary;
using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

/// <summary>A link that writes down what it gets, and is slow when it is told to.</summary>
internal sealed class RecordingLink(ManualTime time) : IUpstreamLink
{
    private TaskCompletionSource? _pending;

    /// <summary>Everything that was handed over, when it was.</summary>
    public List<(TimeSpan At, byte[] Bytes)> Got { get; } = [];

    public bool IsSlow { get; set; }

    public bool IsSending => _pending is not null;

    /// <summary>Positions in the log of what was handed over; own frames are negative.</summary>
    public IEnumerable<long> Positions => Got.Select(got => PumpRig.PositionOf(got.Bytes));

    public ValueTask SendAsync(ReadOnlySpan<byte> frame)
    {
        Assert.Null(_pending);
        Got.Add((time.GetElapsedTime(0), frame.ToArray()));
        if (!IsSlow)
        {
            return ValueTask.CompletedTask;
        }

        _pending = new TaskCompletionSource();
        return new ValueTask(_pending.Task);
    }

    /// <summary>The send that was under way is over.</summary>
    public void Finish()
    {
        var pending = _pending!;
        _pending = null;
        pending.SetResult();
    }

    public void Close()
    {
    }
}

/// <summary>A pump on a clock that stands, with a mailbox of one thread and frames that know their position.</summary>
internal sealed class PumpRig : IDisposable
{
    private readonly Queue<bool> _letters = new();
    private long _own;

    public PumpRig(long? silenceMs = 800, long maxBytes = 8 << 20)
    {
        SynchronizationContext.SetSynchronizationContext(null);
        Log = new InputLog(after: 0, maxBytes, silenceMs, Pool);
        Pump = new InputPump(Log, Time, () => _letters.Enqueue(true), Replays.Add);
    }

    public ManualTime Time { get; } = new();

    public CountingPool Pool { get; } = new();

    public InputLog Log { get; }

    public InputPump Pump { get; }

    public List<ReplayDone> Replays { get; } = [];

    public static long PositionOf(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt64LittleEndian(frame);

    public RecordingLink NewLink() => new(Time);

    /// <summary>A frame of the client, as the actor takes it.</summary>
    public long Say(InputTraits traits, int audioMs = 0, int bytes = 64)
    {
        var position = Keep(traits, audioMs, bytes);
        Pump.Pump();
        Deliver();
        return position;
    }

    /// <summary>A frame that only the log gets to know.</summary>
    public long Keep(InputTraits traits, int audioMs = 0, int bytes = 64)
    {
        var frame = new byte[bytes];
        frame.AsSpan().Fill((byte)Log.Last);
        BinaryPrimitives.WriteInt64LittleEndian(frame, Log.Last + 1);
        return Log.Append(frame, traits, audioMs);
    }

    public void Voice(int milliseconds) => Sound(InputTraits.Audio | InputTraits.Voiced, milliseconds);

    public void Silence(int milliseconds) => Sound(InputTraits.Audio, milliseconds);

    /// <returns>Its number, counted down from -1.</returns>
    public long SendOwn(int bytes = 32)
    {
        var frame = new byte[bytes];
        BinaryPrimitives.WriteInt64LittleEndian(frame, --_own);
        Pump.SendNow(frame);
        Deliver();
        return _own;
    }

    public void Finish(RecordingLink link)
    {
        link.Finish();
        Deliver();
    }

    /// <summary>Moves the clock by milliseconds, one at a time, and handles what falls due.</summary>
    public void Run(int milliseconds)
    {
        for (var i = 0; i < milliseconds; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(1));
            Deliver();
        }
    }

    public void Deliver()
    {
        while (_letters.TryDequeue(out _))
        {
            Pump.Wake();
        }
    }

    /// <summary>Positions that the log still has bytes of.</summary>
    public IEnumerable<long> Kept()
    {
        for (var p = Log.First; p <= Log.Last; p++)
        {
            if (!Log[p].IsDropped)
            {
                yield return p;
            }
        }
    }

    public void Dispose() => Pump.Dispose();

    private void Sound(InputTraits traits, int milliseconds)
    {
        for (var ms = 0; ms < milliseconds; ms += 20)
        {
            Say(traits, audioMs: 20);
        }
    }
}
