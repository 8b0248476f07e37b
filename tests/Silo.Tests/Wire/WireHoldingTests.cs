using Orchestrator.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Wire;

/// <summary>What a sender holds back so that frames share a write, and when it leaves.</summary>
public sealed class WireHoldingTests
{
    private const int Queue = 1_000_000;

    private readonly GatedStream _stream = new();
    private readonly List<WireFault> _faults = [];
    private readonly ManualTime _time = new();
    private readonly WireFlusher _flusher = new();
    private readonly WireSender _sender;

    public WireHoldingTests() => _sender = new WireSender(_stream, _flusher, _time, Queue, CancellationToken.None, _faults.Add);

    [Fact]
    public void WhatComesSoonAfterAWrite_IsHeld_AndSharesTheNext()
    {
        _sender.TrySend(1, Frame(10));
        _time.Advance(WireFlusher.Window / 2);
        _sender.TrySend(2, Frame(20));
        _sender.TrySend(3, Frame(30));
        Assert.Single(_stream.Writes);
        Assert.Equal(RandomFrame.Whole(2, Frame(20)).Length + RandomFrame.Whole(3, Frame(30)).Length, _sender.QueuedBytes);

        Assert.True(_flusher.FlushWaiting());
        Assert.Equal([.. RandomFrame.Whole(2, Frame(20)), .. RandomFrame.Whole(3, Frame(30))], Assert.Single(_stream.Writes.Skip(1)));
        Assert.False(_flusher.FlushWaiting());

        // The window counts from the last write, whoever wrote.
        _sender.TrySend(4, Frame(10));
        Assert.Equal(2, _stream.Writes.Count);
        Assert.True(_flusher.FlushWaiting());
        Assert.Equal(3, _stream.Writes.Count);
    }

    [Fact]
    public void AfterTheWindow_AFrameLeavesAtOnce_WithWhatWasHeld()
    {
        _sender.TrySend(1, Frame(10));
        _sender.TrySend(2, Frame(10));
        _time.Advance(WireFlusher.Window * 2);
        _sender.TrySend(3, Frame(10));
        Assert.Equal([.. RandomFrame.Whole(2, Frame(10)), .. RandomFrame.Whole(3, Frame(10))], Assert.Single(_stream.Writes.Skip(1)));

        Assert.True(_flusher.FlushWaiting());
        Assert.Equal(2, _stream.Writes.Count);
    }

    /// <summary>A lane's least bound is larger than what is held for the sake of others, so only a peer that does not read fills it.</summary>
    [Fact]
    public void MuchThatIsHeld_DoesNotWait()
    {
        var lane = new WireLane(65_536);
        for (var n = 0; n < 200; n++)
        {
            Assert.Equal(WireSend.Sent, _sender.TrySend(1, Frame(1000), lane));
        }

        Assert.InRange(_stream.Writes.Count, 6, 8);
    }

    [Fact]
    public void LastFrame_TakesAlongWhatIsHeld_AtOnce()
    {
        _sender.TrySend(1, Frame(10));
        _sender.TrySend(1, Frame(10));
        _sender.TrySend(0, new GoodbyeWire(new WireFault(WireFaultCode.Stopping, "bye")), last: true);
        Assert.Equal(2, _stream.Writes.Count);
        Assert.True(_sender.Drained.IsCompleted);
        Assert.True(_flusher.FlushWaiting());
        Assert.Equal(2, _stream.Writes.Count);
    }

    [Fact]
    public void HeldFramesOfAConnectionThatIsOver_AreNotWritten()
    {
        _sender.TrySend(1, Frame(10));
        _sender.TrySend(1, Frame(10));
        _sender.Discard();
        Assert.True(_flusher.FlushWaiting());
        Assert.Single(_stream.Writes);
    }

    [Fact]
    public void FlushDuringAWrite_LeavesItToThatWrite()
    {
        _sender.TrySend(1, Frame(10));
        _sender.TrySend(2, Frame(10));
        _stream.IsOpen = false;
        _time.Advance(WireFlusher.Window * 2);
        _sender.TrySend(3, Frame(10));
        _sender.TrySend(4, Frame(10));
        Assert.True(_flusher.FlushWaiting());
        Assert.Equal(2, _stream.Writes.Count);
        _stream.Complete();
        Assert.Equal(RandomFrame.Whole(4, Frame(10)), Assert.Single(_stream.Writes.Skip(2)));
    }

    /// <summary>The clock stands still, so every frame but the first is held; nobody but the process's own thread writes it.</summary>
    [Fact]
    public async Task HeldFrames_LeaveByThemselves_AgainAndAgain()
    {
        var stream = new CountedStream();
        var sender = new WireSender(stream, WireFlusher.Shared, _time, Queue, CancellationToken.None, _faults.Add);
        for (var n = 1; n <= 20; n++)
        {
            sender.TrySend(1, Frame(10));
            await Patience.For(stream.WritesAsync(n), $"write {n}");
        }
    }

    private static InputWire Frame(int size) => new(new InputFrame(new byte[size], InputTraits.Audio, 20));
}
