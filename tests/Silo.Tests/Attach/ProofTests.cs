using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Attach;

/// <summary>Who may speak to a silo, over real sockets.</summary>
public sealed class ProofTests
{
    private const string Ended = "orchestrator.wire.connections.ended side=silo end=";

    [Fact]
    public async Task Address_IsThePlainOne_ThatFrontEndsCanDial()
    {
        await using var fixture = new ListenerFixture();
        Assert.StartsWith("127.0.0.1:", fixture.Silo.EndPoint.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silo_ProvesItself_AndSaysWhoItIs()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
        var welcome = await edge.ProveAsync(RawEdge.Secret);
        Assert.Equal(new SiloInstance("silo-1", 7), welcome.Silo);
        await edge.SendAsync(0, new PingWire(WireKind.Ping, 42));
        Assert.True(PingWire.TryRead(await edge.NextAsync(0, WireKind.Pong), out var number));
        Assert.Equal(42, number);
    }

    [Fact]
    public async Task WrongSecret_IsRefused_Logged_AndCounted_AndNothingElseIsServed()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
        await edge.ProveAsync("another secret, as long as needed");
        await edge.SendAsync(1, RawEdge.Attach());
        Assert.Equal(WireFaultCode.BadSecret, (await edge.GoodbyeAsync())?.Code);
        await silo.Until(Ended + "badSecret", 1);
        var line = Assert.Single(silo.Log.Lines, l => l.Event == "EdgeLost");
        Assert.Equal(LogLevel.Warning, line.Level);
        Assert.DoesNotContain("secret, ", line.Text, StringComparison.Ordinal);
        Assert.Equal(0, silo.Number("orchestrator.wire.streams side=silo"));
    }

    [Fact]
    public async Task OtherVersion_IsToldWhichOneIsSpoken()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
        var hello = Wire.RandomFrame.Whole(0, new HelloWire(WireProof.NewNonce(), 1000, "raw"));
        BinaryPrimitives.WriteUInt16BigEndian(hello.AsSpan(WireHeader.Size + 4), 999);
        await edge.SendAsync(hello);
        var goodbye = await edge.GoodbyeAsync();
        Assert.Equal(WireFaultCode.Version, goodbye?.Code);
        Assert.Contains("999", goodbye!.Reason, StringComparison.Ordinal);
        await silo.Until(Ended + "version", 1);
    }

    [Fact]
    public async Task AnythingBeforeTheProof_IsRefused()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
        await edge.SendAsync(1, RawEdge.Attach());
        Assert.Equal(WireFaultCode.Malformed, (await edge.GoodbyeAsync())?.Code);
    }

    [Fact]
    public async Task LargeFrame_OfAStranger_IsRefused_BeforeItHasCome()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
        var header = new byte[WireHeader.Size];
        new WireHeader(100_000, WireKind.Hello, 0).Write(header);
        await edge.SendAsync(header);
        Assert.Equal(WireFaultCode.Oversize, (await edge.GoodbyeAsync())?.Code);
    }

    [Fact]
    public async Task Stranger_WhoSaysNothing_IsSentAway()
    {
        var clock = new ManualTime();
        await using var silo = new ListenerFixture(clock: clock);
        using var edge = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
        await Patience.Until(() => Task.FromResult(clock.Armed >= 2), "the connection's timers");
        clock.Advance(ListenerFixture.Options().ConnectTimeout);
        Assert.Equal(WireFaultCode.Timeout, (await edge.GoodbyeAsync())?.Code);
        edge.Dispose();
        await silo.Until(Ended + "timeout", 1);
    }

    [Fact]
    public async Task ConnectionsBeyondTheBound_AreRefused()
    {
        var options = ListenerFixture.Options();
        options.MaxConnections = 1;
        await using var silo = new ListenerFixture(options);
        using (await RawEdge.ProvedAsync(silo.Silo.EndPoint))
        {
            await silo.Until("orchestrator.wire.connections side=silo", 1);
            using var second = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
            Assert.Equal(WireFaultCode.TooMany, (await second.GoodbyeAsync())?.Code);
        }

        await silo.Until("orchestrator.wire.connections side=silo", 0);
        // Its place is free a moment after it is no longer counted.
        await Patience.Until(
            async () =>
            {
                using var third = await RawEdge.ConnectAsync(silo.Silo.EndPoint);
                return await third.IsWelcomeAsync();
            },
            "room for another");
    }

    [Fact]
    public async Task StoppingSilo_SaysGoodbye()
    {
        var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await edge.AttachAsync(1);
        var conversation = await silo.Host.NextAsync();
        var stopping = silo.DisposeAsync();
        Assert.Equal(WireFaultCode.Stopping, (await edge.GoodbyeAsync())?.Code);
        edge.Dispose();
        await stopping;
        Assert.Null((await conversation.Left).Code);
    }
}
