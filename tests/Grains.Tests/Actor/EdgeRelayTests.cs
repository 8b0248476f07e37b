using Orchestrator.Attach;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

/// <summary>What a front-end keeps of a client's input is given back when nobody can need it any more.</summary>
public sealed class EdgeRelayTests
{
    private static readonly InputFrame Frame = new(new byte[100], InputTraits.Audio, 20);

    private readonly EdgeRelay _relay = new(new NoClient(), 1024 * 1024, new ManualTime(), _ => { });

    [Fact]
    public async Task ClientThatLeaves_LeavesNothingBehind()
    {
        var silo = await ServedAsync();
        await _relay.PushAsync(Frame);
        Assert.Equal(100, _relay.KeptBytes);
        _relay.Detach(1000, "bye");
        Assert.Equal((1000, 0), (silo.Left, _relay.KeptBytes));
        await _relay.PushAsync(Frame);
        Assert.Equal((0, 1), (_relay.KeptBytes, silo.Frames));
    }

    /// <summary>What it had said is handed over before its silo is told that it has left.</summary>
    [Fact]
    public async Task ClientThatLeavesWhileItsInputIsHandedOver_IsHeardToTheEnd()
    {
        var first = await ServedAsync();
        await _relay.PushAsync(Frame);
        _relay.Lost(first.Edge, "gone");
        await _relay.PushAsync(Frame);
        var second = new Silo(_relay.Next()) { Gate = new TaskCompletionSource() };
        second.Edge.Opened(second, awaitsSetup: false);
        var pumping = _relay.ServeAsync();
        _relay.Detach(1001, "leaving");
        Assert.Null(second.Left);
        Assert.Equal(200, _relay.KeptBytes);
        second.Gate.SetResult();
        await Patience.For(pumping, "the rest of the input");
        Assert.Equal((1001, 2, 0), (second.Left, second.Frames, _relay.KeptBytes));
    }

    [Fact]
    public async Task ClientThatLeavesWhileNobodyServesIt_IsHeardByWhoeverIsOnItsWay()
    {
        var first = await ServedAsync();
        _relay.Lost(first.Edge, "gone");
        await _relay.PushAsync(Frame);
        _relay.Detach(null, "vanished");
        Assert.Equal(100, _relay.KeptBytes);
        var second = new Silo(_relay.Next());
        second.Edge.Opened(second, awaitsSetup: false);
        await Patience.For(_relay.ServeAsync(), "the rest of the input");
        Assert.Equal((true, 1, 0), (second.HasLeft, second.Frames, _relay.KeptBytes));
    }

    private async Task<Silo> ServedAsync()
    {
        var silo = new Silo(_relay.Next());
        silo.Edge.Opened(silo, awaitsSetup: false);
        await _relay.ServeAsync();
        return silo;
    }

    private sealed class Silo(IEdge edge) : IAttachment
    {
        public IEdge Edge => edge;

        public TaskCompletionSource? Gate { get; init; }

        public int Frames { get; private set; }

        public bool HasLeft { get; private set; }

        public int? Left { get; private set; }

        public int Generation => 1;

        public long Epoch => 1;

        public long NextInput => 1;

        public long NextOutput => 1;

        public ValueTask PushAsync(in InputFrame frame)
        {
            Frames++;
            return Gate is { } gate ? new ValueTask(gate.Task) : ValueTask.CompletedTask;
        }

        public void Acknowledge(long outputSeq)
        {
        }

        public void Detach(int? code, string reason) => (HasLeft, Left) = (true, code);
    }

    private sealed class NoClient : IEdge
    {
        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
        }

        public void Deliver(in OutputFrame frame)
        {
        }

        public void Durable(long inputSeq)
        {
        }

        public void Close(EdgeClose close)
        {
        }
    }
}
