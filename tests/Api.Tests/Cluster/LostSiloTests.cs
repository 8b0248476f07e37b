using Orchestrator.Api.Cluster;
using Orchestrator.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>However a silo is lost, every stream is told, once and last, and the next attach dials anew.</summary>
public sealed class LostSiloTests
{
    private static readonly TimeSpan Interval = new ClusterOptions().PingInterval;

    [Theory]
    [InlineData("reset")]
    [InlineData("cut")]
    [InlineData("stop")]
    public async Task LostConnection_TellsEveryStream(string how)
    {
        await using var link = new LinkFixture();
        var owner = new RecordingOwner();
        var plain = new RecordingEdge();
        var (attachment, grain) = await link.AttachAsync(owner);
        await link.AttachAsync(plain);
        grain.Edge.Deliver(new OutputFrame(1, "before"u8.ToArray(), OutputTraits.None, 0));
        Assert.StartsWith("output 1", await owner.NextAsync(), StringComparison.Ordinal);

        await (how switch
        {
            "reset" => Do(link.Network.Reset),
            "cut" => Do(link.Network.Cut),
            _ => link.StopSiloAsync().AsTask(),
        });
        Assert.Equal("lost", await owner.NextAsync());
        Assert.StartsWith("close 1011", await plain.NextAsync(), StringComparison.Ordinal);
        Assert.Null((await grain.Left).Code);

        // What comes too late goes nowhere, and harms nobody.
        await attachment.PushAsync(new InputFrame(new byte[10], InputTraits.Audio, 20));
        attachment.Acknowledge(1);
        attachment.Detach(1000, "bye");
    }

    [Fact]
    public async Task LostConnection_LetsThoseGo_WhoWaitForCredit()
    {
        await using var link = new LinkFixture();
        var (attachment, grain) = await link.AttachAsync(new RecordingOwner());
        grain.Pause();
        var waiting = attachment.PushAsync(new InputFrame(new byte[500_000], InputTraits.Video, 0)).AsTask();
        await grain.NextAsync();
        Assert.False(waiting.IsCompleted);
        link.Network.Reset();
        await Patience.For(waiting, "the push into a lost connection");
    }

    [Fact]
    public async Task LostConnection_FailsWhatWasNotAnswered()
    {
        await using var link = new LinkFixture();
        await link.AttachAsync(new RecordingEdge());
        var sent = link.Network.BytesToTarget;
        link.Host.Ready = new TaskCompletionSource().Task;
        var attach = link.Remote.AttachAsync(LinkFixture.Request(), new RecordingOwner(), CancellationToken.None);
        var request = LinkFixture.Request();
        var end = link.Remote.EndAsync(request.Tenant, request.Conversation, "enough", CancellationToken.None);
        await Patience.Until(() => Task.FromResult(link.Network.BytesToTarget > sent + 100), "both on their way");
        link.Network.Reset();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Patience.For(attach, "the attach's end"));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Patience.For(end, "the end's end"));
    }

    [Fact]
    public async Task AfterALoss_TheNextAttach_DialsAnew()
    {
        await using var link = new LinkFixture();
        var owner = new RecordingOwner();
        await link.AttachAsync(owner);
        link.Network.Reset();
        Assert.Equal("lost", await owner.NextAsync());
        await link.AttachAsync(new RecordingEdge());
        Assert.Equal(2, link.Network.Accepted);
    }

    /// <summary>Nobody says anything any more, on either side: only the pings tell.</summary>
    [Fact]
    public async Task HalfOpenConnection_IsLost_WithinASecondAndAPing()
    {
        var clock = new Orchestrator.Testing.ManualTime();
        await using var link = new LinkFixture(clock: clock);
        var owner = new RecordingOwner();
        await link.AttachAsync(owner);
        link.Network.Freeze();
        clock.Advance(4 * Interval);
        Assert.Contains(link.Log.Lines, l => l.Contains("SiloConnected", StringComparison.Ordinal));
        Assert.DoesNotContain(link.Log.Lines, l => l.Contains("SiloLost", StringComparison.Ordinal));
        clock.Advance(Interval);
        Assert.Equal("lost", await owner.NextAsync());
        Assert.Contains(link.Log.Lines, l => l.Contains("SiloLost", StringComparison.Ordinal) && l.Contains("silent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task SiloThatAnswers_IsNotLost_HoweverLongNobodySpeaks()
    {
        var clock = new Orchestrator.Testing.ManualTime();
        await using var link = new LinkFixture(clock: clock);
        var owner = new RecordingOwner();
        var (_, grain) = await link.AttachAsync(owner);
        for (var n = 0; n < 40; n++)
        {
            var before = link.Network.BytesToClient;
            clock.Advance(Interval);
            await Patience.Until(() => Task.FromResult(link.Network.BytesToClient > before), "a pong");
        }

        grain.Edge.Deliver(new OutputFrame(1, "still here"u8.ToArray(), OutputTraits.None, 0));
        Assert.StartsWith("output 1", await owner.NextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongSecret_ConnectsNobody()
    {
        await using var link = new LinkFixture(edge: options => options.Secret = "another secret, as long as needed");
        var failure = await Assert.ThrowsAsync<SiloUnavailableException>(() => link.Remote.AttachAsync(LinkFixture.Request(), new RecordingEdge(), CancellationToken.None));
        Assert.Contains("secret", failure.Message, StringComparison.Ordinal);
        Assert.Contains(link.Log.Lines, l => l.StartsWith("Warning SiloLost", StringComparison.Ordinal) && l.Contains("badSecret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OtherSiloThanWanted_ConnectsNobody()
    {
        await using var link = new LinkFixture(wanted: new SiloInstance("silo-1", 6));
        var failure = await Assert.ThrowsAsync<SiloUnavailableException>(() => link.Remote.AttachAsync(LinkFixture.Request(), new RecordingEdge(), CancellationToken.None));
        Assert.Contains("Incarnation = 6", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SiloThatIsNotThere_FailsTheAttach()
    {
        await using var link = new LinkFixture();
        await link.StopSiloAsync();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => link.Remote.AttachAsync(LinkFixture.Request(), new RecordingEdge(), CancellationToken.None));
    }

    [Fact]
    public async Task SiloThatAcceptsAndSaysNothing_FailsTheAttach_InTime()
    {
        var clock = new Orchestrator.Testing.ManualTime();
        using var mute = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        mute.Start();
        await using var link = new LinkFixture();
        var port = ((System.Net.IPEndPoint)mute.LocalEndpoint).Port;
        await using var remote = new RemoteHost(
            new SiloLink(new ClusterOptions { Secret = new string('x', 32) }, link.Metrics, clock, link.Log), new SiloAddress("127.0.0.1", port));
        var attach = remote.AttachAsync(LinkFixture.Request(), new RecordingEdge(), CancellationToken.None);
        using var accepted = await Patience.For(mute.AcceptSocketAsync(), "the dial");
        await Patience.Until(() => Task.FromResult(clock.Armed >= 2), "the timers of the connection");
        clock.Advance(new ClusterOptions().ConnectTimeout);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Patience.For(attach, "the attach's end"));
        accepted.Close();
    }

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
