using Orchestrator.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Wire;

public sealed class WireSenderTests
{
    private const int Queue = 100_000;

    private readonly GatedStream _stream = new();
    private readonly List<WireFault> _faults = [];
    private readonly ManualTime _time = new();
    private readonly WireFlusher _flusher = new();
    private readonly WireSender _sender;

    public WireSenderTests() => _sender = Sender(_stream, _flusher);

    [Fact]
    public void Idle_AFrameLeavesAtOnce_OnTheThreadThatBringsIt()
    {
        var frame = Frame(100);
        Assert.Equal(WireSend.Sent, _sender.TrySend(7, frame));
        Assert.Equal(RandomFrame.Whole(7, frame), Assert.Single(_stream.Writes));
        Assert.Equal(0, _sender.QueuedBytes);
    }

    [Fact]
    public void WhatComesDuringAWrite_SharesTheNext()
    {
        _stream.IsOpen = false;
        var frames = Enumerable.Range(1, 20).Select(n => (Stream: (uint)n, Frame: Frame(n))).ToList();
        foreach (var (stream, frame) in frames)
        {
            _sender.TrySend(stream, frame);
        }

        Assert.Single(_stream.Writes);
        _stream.Complete();
        Assert.Equal(2, _stream.Writes.Count);
        _stream.Complete();
        Assert.Equal(frames.SelectMany(f => RandomFrame.Whole(f.Stream, f.Frame)), _stream.Writes.SelectMany(w => w));
        Assert.Equal(0, _sender.QueuedBytes);
    }

    [Fact]
    public void StreamThatFillsItsLane_IsTold_AndTheOthersGoOn()
    {
        _stream.IsOpen = false;
        var loud = new WireLane(10_000);
        var quiet = new WireLane(10_000);
        var sent = 0;
        while (_sender.TrySend(1, Frame(1000), loud) == WireSend.Sent)
        {
            Assert.True(++sent < 100, "The lane has no bound.");
        }

        Assert.InRange(sent, 10, 12);
        Assert.Equal(WireSend.LaneFull, _sender.TrySend(1, Frame(1), loud));
        Assert.Equal(WireSend.Sent, _sender.TrySend(2, Frame(1000), quiet));

        _stream.IsOpen = true;
        _stream.Complete();
        Assert.Equal(WireSend.Sent, _sender.TrySend(1, Frame(1000), loud));
        Assert.Empty(_faults);
    }

    /// <summary>Not how much went through counts, but how much waits.</summary>
    [Fact]
    public void StreamThatIsReadSlowly_MayGoOnForever()
    {
        var lane = new WireLane(10_000);
        _stream.IsOpen = false;
        _sender.TrySend(1, Frame(1000), lane);
        for (var n = 0; n < 500; n++)
        {
            Assert.Equal(WireSend.Sent, _sender.TrySend(1, Frame(1000), lane));
            Assert.Equal(WireSend.Sent, _sender.TrySend(1, Frame(1000), lane));
            _stream.Complete();
        }
    }

    [Fact]
    public void ConnectionThatIsFull_IsGivenUp_Once()
    {
        _stream.IsOpen = false;
        var sent = 0;
        while (_sender.TrySend(1, Frame(1000)) == WireSend.Sent)
        {
            Assert.True(++sent < 1000, "The queue has no bound.");
        }

        Assert.InRange(sent, 95, 105);
        Assert.Equal(WireSend.Closed, _sender.TrySend(1, Frame(1)));
        Assert.Equal(WireFaultCode.QueueFull, Assert.Single(_faults).Code);
    }

    [Fact]
    public void FrameThatThePeerDoesNotRead_IsNotSent()
    {
        _sender.MaxBody = 500;
        Assert.Equal(WireSend.TooLarge, _sender.TrySend(1, Frame(500)));
        Assert.Equal(WireSend.Sent, _sender.TrySend(1, Frame(400)));
        Assert.Single(_stream.Writes);
    }

    [Fact]
    public void FailedWrite_EndsTheConnection_Once()
    {
        _stream.IsOpen = false;
        _sender.TrySend(1, Frame(10));
        _sender.TrySend(1, Frame(10));
        _stream.Complete(new IOException("gone"));
        Assert.Equal(WireFaultCode.NetworkLost, Assert.Single(_faults).Code);
        Assert.Equal(WireSend.Closed, _sender.TrySend(1, Frame(1)));
        Assert.True(_sender.Drained.IsCompleted);
    }

    [Fact]
    public void LastFrame_LeavesBehindTheOthers_AndNothingFollows()
    {
        _stream.IsOpen = false;
        _sender.TrySend(1, Frame(10));
        _sender.TrySend(0, new GoodbyeWire(new WireFault(WireFaultCode.Stopping, "bye")), last: true);
        Assert.Equal(WireSend.Closed, _sender.TrySend(1, Frame(10)));
        _stream.Complete();
        Assert.False(_sender.Drained.IsCompleted);
        _stream.Complete();
        Assert.True(_sender.Drained.IsCompleted);
        Assert.Equal(2, _stream.Writes.Count);
    }

    [Fact]
    public void SteadyAudio_AllocatesNothing()
    {
        var sink = Sender(Stream.Null, _flusher);
        var lane = new WireLane(10_000);
        var frame = Frame(900);
        Send(100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Send(1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Send(int frames)
        {
            for (var n = 0; n < frames; n++)
            {
                sink.TrySend(1, frame, lane);
                if (n % 5 == 0)
                {
                    _flusher.FlushWaiting();
                }
            }
        }
    }

    private WireSender Sender(Stream stream, WireFlusher flusher) => new(stream, flusher, _time, Queue, CancellationToken.None, _faults.Add);

    private static InputWire Frame(int size) => new(new InputFrame(new byte[size], InputTraits.Audio, 20));
}
