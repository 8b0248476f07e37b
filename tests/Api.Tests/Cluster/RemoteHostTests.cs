using System.Text;
using Orchestrator.Api.Cluster;
using Orchestrator.Attach;
using Orchestrator.Silo.Tests.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>What crosses the internal link arrives as it would in one process.</summary>
public sealed class RemoteHostTests
{
    private static readonly EdgeMemory Memory = new()
    {
        SettledInput = 12,
        LastOutput = 20,
        LastTurnEnd = 15,
        SpokenMs = 480,
        AwayMs = 77,
        Epoch = 3,
        Frames = ["one"u8.ToArray(), "two"u8.ToArray()],
    };

    [Fact]
    public async Task Everything_ArrivesAsItWasGiven()
    {
        await using var link = new LinkFixture();
        var edge = new RecordingOwner();
        var request = LinkFixture.Request(resume: true) with { Memory = Memory };
        var outcome = Assert.IsType<AttachOutcome.Attached>(await Patience.For(link.Remote.AttachAsync(request, edge, CancellationToken.None), "an attach"));
        var grain = await link.Host.NextAsync();
        Assert.Equal((request.Tenant, request.Conversation, true), (grain.Request.Tenant, grain.Request.Conversation, grain.Request.Resume));
        Assert.Equal(Memory with { Frames = [] }, grain.Request.Memory! with { Frames = [] });
        Assert.Equal(["one", "two"], grain.Request.Memory!.Frames.Select(frame => Encoding.UTF8.GetString(frame.Span)));
        Assert.Equal(request.SetupFrame.ToArray(), grain.Request.SetupFrame.ToArray());
        Assert.Equal("opened 3 epoch 5 next 17 awaits setup", await edge.NextAsync());

        await outcome.Attachment.PushAsync(new InputFrame("hello"u8.ToArray(), InputTraits.Text | InputTraits.ActivityEnd, 40) { Seq = 17 });
        var input = await grain.NextAsync();
        Assert.Equal(("hello", InputTraits.Text | InputTraits.ActivityEnd, 40, 17), (Encoding.UTF8.GetString(input.Payload.Span), input.Traits, input.AudioMs, input.Seq));

        grain.Edge.Deliver(new OutputFrame(9, "world"u8.ToArray(), OutputTraits.Words | OutputTraits.TurnComplete, 20));
        grain.Edge.Durable(16);
        grain.Edge.Close(new EdgeClose(1008, "elsewhere"));
        Assert.Equal("output 9 TurnComplete, Words 20 ms: world", await edge.NextAsync());
        Assert.Equal("durable 16", await edge.NextAsync());
        Assert.Equal("close 1008 elsewhere", await edge.NextAsync());

        outcome.Attachment.Detach(1008, "told so");
        Assert.Equal((1008, "told so"), await grain.Left);
    }

    [Fact]
    public async Task Acknowledgement_AndOrderlyEndOfTheClient_ReachTheGrain()
    {
        await using var link = new LinkFixture();
        var (attachment, grain) = await link.AttachAsync(new RecordingEdge());
        attachment.Acknowledge(77);
        Assert.Equal(77, await grain.AcknowledgedAsync());
        await attachment.PushAsync(new InputFrame("last"u8.ToArray(), InputTraits.Text, 0));
        attachment.Detach(null, "vanished");
        await grain.NextAsync();
        Assert.Equal(((int?)null, "vanished"), await grain.Left);
    }

    [Fact]
    public async Task Refusal_IsTheSilosOwn()
    {
        await using var link = new LinkFixture();
        link.Host.Refusal = EdgeClose.HandleUnknown;
        var refused = Assert.IsType<AttachOutcome.Refused>(await Patience.For(link.Remote.AttachAsync(LinkFixture.Request(), new RecordingEdge(), CancellationToken.None), "a refusal"));
        Assert.Equal(EdgeClose.HandleUnknown, refused.Close);
    }

    [Fact]
    public async Task End_IsAskedAndAnswered()
    {
        await using var link = new LinkFixture();
        var request = LinkFixture.Request();
        Assert.True(await Patience.For(link.Remote.EndAsync(request.Tenant, request.Conversation, "enough", CancellationToken.None), "an end"));
        Assert.Equal((request.Tenant, request.Conversation, "enough"), Assert.Single(link.Host.Ends));
        link.Host.EndResult = () => false;
        Assert.False(await Patience.For(link.Remote.EndAsync(request.Tenant, request.Conversation, "enough", CancellationToken.None), "an end"));
        link.Host.EndResult = () => throw new InvalidOperationException("a bug");
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Patience.For(link.Remote.EndAsync(request.Tenant, request.Conversation, "enough", CancellationToken.None), "an end"));
    }

    [Fact]
    public async Task SlowGrain_StopsItsOwnClient_AndNoOther()
    {
        await using var link = new LinkFixture();
        var (slow, slowGrain) = await link.AttachAsync(new RecordingEdge());
        var (quick, quickGrain) = await link.AttachAsync(new RecordingEdge());
        slowGrain.Pause();
        var frame = new InputFrame(new byte[1000], InputTraits.Audio, 20);
        var pushed = 0;
        ValueTask push;
        do
        {
            push = slow.PushAsync(frame);
            Assert.True(++pushed < 1000, "Input has no bound.");
        }
        while (push.IsCompleted);
        var waiting = push.AsTask();

        for (var n = 0; n < 1000; n++)
        {
            await Patience.For(quick.PushAsync(frame).AsTask(), "the quick one's credit");
            await quickGrain.NextAsync();
        }

        Assert.False(waiting.IsCompleted);
        Assert.InRange(pushed * 1000, 200_000, 300_000);
        slowGrain.Resume();
        await Patience.For(waiting, "the slow one's credit");
        for (var n = 0; n < pushed; n++)
        {
            await slowGrain.NextAsync();
        }
    }

    [Fact]
    public async Task ClientThatLeaves_WhileItWaitsForCredit_IsLetGo()
    {
        await using var link = new LinkFixture();
        var (attachment, grain) = await link.AttachAsync(new RecordingEdge());
        grain.Pause();
        var waiting = attachment.PushAsync(new InputFrame(new byte[500_000], InputTraits.Video, 0)).AsTask();
        await grain.NextAsync();
        attachment.Detach(1000, "bye");
        await Patience.For(waiting, "the push of a client that has left");
        Assert.Equal(500_000, grain.PushedBytes);
        Assert.Equal((1000, "bye"), await grain.Left);
    }

    [Fact]
    public async Task FrameThatTheSiloDoesNotRead_ClosesItsClient_AndNoOther()
    {
        await using var link = new LinkFixture(silo: options => options.MaxFrameBytes = 65_536);
        var large = new RecordingEdge();
        var (attachment, _) = await link.AttachAsync(large);
        var (other, otherGrain) = await link.AttachAsync(new RecordingEdge());
        await attachment.PushAsync(new InputFrame(new byte[70_000], InputTraits.Video, 0));
        Assert.StartsWith("close 1009", await large.NextAsync(), StringComparison.Ordinal);
        await other.PushAsync(new InputFrame("on"u8.ToArray(), InputTraits.Text, 0));
        await otherGrain.NextAsync();
        var refused = await link.Remote.AttachAsync(LinkFixture.Request() with { SetupFrame = new byte[70_000] }, new RecordingEdge(), CancellationToken.None);
        Assert.Equal(1009, Assert.IsType<AttachOutcome.Refused>(refused).Close.Code);
    }

    [Fact]
    public async Task Conversations_ShareTheConfiguredConnections()
    {
        await using var link = new LinkFixture(edge: options => options.Connections = 2);
        for (var n = 0; n < 6; n++)
        {
            await link.AttachAsync(new RecordingEdge());
        }

        Assert.Equal(2, link.Network.Accepted);
    }

    [Fact]
    public async Task ManyAtOnce_ThroughOneConnection_AreKeptApart()
    {
        await using var link = new LinkFixture();
        await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(async () =>
        {
            var edge = new RecordingEdge();
            var request = LinkFixture.Request();
            var outcome = Assert.IsType<AttachOutcome.Attached>(await link.Remote.AttachAsync(request, edge, CancellationToken.None));
            await outcome.Attachment.PushAsync(new InputFrame(Encoding.UTF8.GetBytes($"{request.Conversation}"), InputTraits.Text, 0));
        })));
        for (var n = 0; n < 40; n++)
        {
            var grain = await link.Host.NextAsync();
            Assert.Equal(grain.Request.Conversation.ToString(), Encoding.UTF8.GetString((await grain.NextAsync()).Payload.Span));
        }

        Assert.Equal(1, link.Network.Accepted);
    }

    [Fact]
    public async Task AttachThatIsGivenUp_IsDetachedAtTheSilo()
    {
        await using var link = new LinkFixture();
        var ready = new TaskCompletionSource();
        link.Host.Ready = ready.Task;
        using var patience = new CancellationTokenSource();
        var attach = link.Remote.AttachAsync(LinkFixture.Request(), new RecordingEdge(), patience.Token);
        await Patience.Until(() => Task.FromResult(link.Network.BytesToTarget > 200), "the attach on its way");
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => attach);
        ready.SetResult();
        Assert.Null((await (await link.Host.NextAsync()).Left).Code);
    }
}
