using Orchestrator.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Attach;

/// <summary>Streams at the silo's end, over real sockets.</summary>
public sealed class EdgeStreamTests
{
    private const string Overflowed = "orchestrator.wire.streams.overflowed";
    private const string Streams = "orchestrator.wire.streams side=silo";

    [Fact]
    public async Task Grain_WithholdsCredit_FromThatConversationOnly()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        var window = (await edge.AttachAsync(1)).Credit;
        var slow = await silo.Host.NextAsync();
        await edge.AttachAsync(2);
        var quick = await silo.Host.NextAsync();

        slow.Pause();
        await edge.SendAsync(1, Input(window));
        await slow.NextAsync();
        for (var n = 0; n < 3; n++)
        {
            // The quick one gets all that it has used back, frame by frame, while the slow one gets nothing.
            await edge.SendAsync(2, Input(window));
            await quick.NextAsync();
            var (header, body) = await edge.NextAsync();
            Assert.Equal((2u, WireKind.Credit), (header.Stream, header.Kind));
            Assert.True(CreditWire.TryRead(body, out var credit));
            Assert.Equal(FrameSize(window), credit.Bytes);
        }

        slow.Resume();
        Assert.True(CreditWire.TryRead(await edge.NextAsync(1, WireKind.Credit), out var late));
        Assert.Equal(FrameSize(window), late.Bytes);
    }

    [Fact]
    public async Task InputWithoutCredit_EndsTheConnection()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        var window = (await edge.AttachAsync(1)).Credit;
        var conversation = await silo.Host.NextAsync();
        conversation.Pause();
        await edge.SendAsync(1, Input(window));
        await edge.SendAsync(1, Input(1));
        Assert.Equal(WireFaultCode.Overrun, (await edge.GoodbyeAsync())?.Code);
        Assert.Null((await conversation.Left).Code);
        Assert.Equal(window, conversation.PushedBytes);
    }

    /// <summary>A large frame may go as long as there is any credit: it must be able to go at all.</summary>
    [Fact]
    public async Task FrameLargerThanTheWindow_Goes_AndIsGivenBackWhole()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        var window = (await edge.AttachAsync(1)).Credit;
        var conversation = await silo.Host.NextAsync();
        await edge.SendAsync(1, Input(10 * window));
        Assert.Equal(10 * window, (await conversation.NextAsync()).Payload.Length);
        Assert.True(CreditWire.TryRead(await edge.NextAsync(1, WireKind.Credit), out var credit));
        Assert.Equal(FrameSize(10 * window), credit.Bytes);
    }

    [Fact]
    public async Task UnreadOutput_DetachesTheConversation_Resumably_AndNeverBlocksTheGrain()
    {
        var options = ListenerFixture.Options();
        options.StreamQueueBytes = 64 * 1024;
        await using var silo = new ListenerFixture(options);
        using var deaf = await RawEdge.ProvedAsync(silo.Silo.EndPoint, receiveBuffer: 4096);
        await deaf.AttachAsync(1);
        var loud = await silo.Host.NextAsync();
        await deaf.AttachAsync(2);
        var quiet = await silo.Host.NextAsync();

        var frame = new byte[16 * 1024];
        for (long seq = 1; !loud.IsLeft; seq++)
        {
            Assert.True(seq < 10_000, "Unread output has no bound.");
            loud.Edge.Deliver(new OutputFrame(seq, frame, OutputTraits.Audio, 20));
        }

        Assert.Null((await loud.Left).Code);
        Assert.Equal(1, silo.Number(Overflowed));
        quiet.Edge.Deliver(new OutputFrame(1, "{}"u8.ToArray(), OutputTraits.Words, 0));
        Assert.False(quiet.IsLeft);

        // The front-end reads again: the other conversation is whole, and it learns about the one that is not.
        Assert.True(EndingWire.TryRead(WireKind.Close, await deaf.NextAsync(1, WireKind.Close), out var close));
        Assert.Equal(1008, close.Code);
        Assert.True(OutputWire.TryRead(await deaf.NextAsync(2, WireKind.Output), out var output));
        Assert.Equal((5L, 1L), (output.Epoch, output.Frame.Seq));
        await deaf.SendAsync(1, new EndingWire(WireKind.Detach, 1008, "closed"));
        await silo.Until(Streams, 1);
    }

    [Fact]
    public async Task ClientThatLeaves_BeforeItsConversationIsFound_IsDetachedFromIt()
    {
        await using var silo = new ListenerFixture();
        var ready = new TaskCompletionSource();
        silo.Host.Ready = ready.Task;
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await edge.SendAsync(1, RawEdge.Attach());
        await edge.SendAsync(1, new EndingWire(WireKind.Detach, 1000, "bye"));
        await edge.SendAsync(0, new PingWire(WireKind.Ping, 1));
        await edge.NextAsync(0, WireKind.Pong);
        Assert.Equal(0, silo.Number(Streams));
        ready.SetResult();
        Assert.Equal((1000, "bye"), await (await silo.Host.NextAsync()).Left);
    }

    [Fact]
    public async Task FramesAfterTheEndOfTheirStream_AreIgnored_AndCounted()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await edge.AttachAsync(1);
        var conversation = await silo.Host.NextAsync();
        await edge.SendAsync(1, new EndingWire(WireKind.Detach, null, "gone"));
        await edge.SendAsync(1, Input(10));
        await edge.SendAsync(1, new PositionWire(WireKind.Acknowledge, 3));
        await edge.SendAsync(1, new EndingWire(WireKind.Detach, null, "again"));
        await edge.AttachAsync(2);
        Assert.Equal(((int?)null, "gone"), await conversation.Left);
        Assert.Equal(0, conversation.PushedBytes);
        Assert.Equal(3, silo.Number("orchestrator.wire.frames.late side=silo"));
    }

    [Fact]
    public async Task FrontEndThatIsSilent_IsGivenUp()
    {
        var clock = new ManualTime();
        await using var silo = new ListenerFixture(clock: clock);
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await edge.AttachAsync(1);
        var conversation = await silo.Host.NextAsync();
        clock.Advance(ListenerFixture.Options().SilentAfter);
        Assert.False(conversation.IsLeft);
        clock.Advance(ListenerFixture.Options().SilentAfter);
        Assert.Null((await conversation.Left).Code);
        await silo.Until("orchestrator.wire.connections.ended side=silo end=silent", 1);
    }

    [Fact]
    public async Task HostThatFails_RefusesOneConversation_AndIsLogged()
    {
        await using var silo = new ListenerFixture();
        silo.Host.Ready = Task.FromException(new InvalidOperationException("a bug"));
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await edge.SendAsync(1, RawEdge.Attach());
        Assert.True(EndingWire.TryRead(WireKind.Refused, await edge.NextAsync(1, WireKind.Refused), out var refused));
        Assert.Equal(1011, refused.Code);
        Assert.Contains(silo.Log.Lines, l => l.Event == "RequestBroke");
        silo.Host.Ready = Task.CompletedTask;
        await edge.AttachAsync(2);
    }

    private static int FrameSize(int payload) => WireHeader.Size + Input(payload).Size;

    private static InputWire Input(int bytes) => new(new InputFrame(new byte[bytes], InputTraits.Audio, 20));
}
