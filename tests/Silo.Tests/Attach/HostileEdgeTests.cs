using System.Net.Sockets;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Attach;

/// <summary>Whatever a peer sends, proved or not, costs its own connection at most.</summary>
public sealed class HostileEdgeTests
{
    [Theory]
    [InlineData("Hello")]
    [InlineData("Proof")]
    [InlineData("Output")]
    [InlineData("Attach")]
    [InlineData("Input")]
    public async Task EmptyOrMisplacedFrame_IsRefused(string kind)
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        var header = new byte[WireHeader.Size];
        new WireHeader(0, Enum.Parse<WireKind>(kind), 1).Write(header);
        await edge.SendAsync(header);
        Assert.Equal(WireFaultCode.Malformed, (await edge.GoodbyeAsync())?.Code);
    }

    [Fact]
    public async Task StreamThatNeverWas_IsRefused()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await edge.SendAsync(4711, new PositionWire(WireKind.Acknowledge, 1));
        Assert.Equal(WireFaultCode.UnknownStream, (await edge.GoodbyeAsync())?.Code);
    }

    [Fact]
    public async Task StreamNumberThatWasUsed_IsRefused()
    {
        await using var silo = new ListenerFixture();
        using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await edge.AttachAsync(5);
        await edge.SendAsync(4, RawEdge.Attach());
        Assert.Equal(WireFaultCode.Malformed, (await edge.GoodbyeAsync())?.Code);
    }

    [Fact]
    public async Task RandomBytes_FromStrangersAndFriends_NeverTakeTheSiloDown()
    {
        await using var silo = new ListenerFixture();
        for (var seed = 1; seed <= 60; seed++)
        {
            var random = new Random(seed);
            using var edge = seed % 2 == 0 ? await RawEdge.ProvedAsync(silo.Silo.EndPoint) : await RawEdge.ConnectAsync(silo.Silo.EndPoint);
            await SendAsync(edge, new Wire.RandomFrame(random).Bytes(random.Next(1, 5000)));
        }

        await AssertServesAsync(silo);
    }

    /// <summary>Sessions that begin well, cut and changed at every kind of place.</summary>
    [Fact]
    public async Task ChangedSessions_NeverTakeTheSiloDown()
    {
        await using var silo = new ListenerFixture();
        for (var seed = 1; seed <= 120; seed++)
        {
            var random = new Random(seed);
            var frames = new Wire.RandomFrame(random);
            byte[] session =
            [
                .. Wire.RandomFrame.Whole(1, RawEdge.Attach()),
                .. Enumerable.Range(0, 6).SelectMany(_ => random.Next(4) switch
                {
                    0 => Wire.RandomFrame.Whole(1, new PositionWire(WireKind.Acknowledge, random.Next())),
                    1 => Wire.RandomFrame.Whole((uint)random.Next(4), new EndingWire(WireKind.Detach, random.Next(5000), "bye")),
                    2 => Wire.RandomFrame.Whole((uint)random.Next(9), frames.Attach()),
                    _ => Wire.RandomFrame.Whole(1, frames.Input()),
                }),
            ];
            for (var n = random.Next(4); n > 0; n--)
            {
                session[random.Next(session.Length)] = (byte)random.Next(256);
            }

            using var edge = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
            await SendAsync(edge, session.AsMemory(0, random.Next(3) == 0 ? random.Next(session.Length) : session.Length));
        }

        await AssertServesAsync(silo);
    }

    private static async Task SendAsync(RawEdge edge, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await edge.SendAsync(bytes);
        }
        catch (SocketException)
        {
            // Sent away in the middle.
        }
    }

    private static async Task AssertServesAsync(ListenerFixture silo)
    {
        await silo.Until("orchestrator.wire.connections side=silo", 0);
        await silo.Until("orchestrator.wire.streams side=silo", 0);
        Assert.DoesNotContain(silo.Log.Lines, l => l.Event is "EdgeBroke" or "RequestBroke");
        using var good = await RawEdge.ProvedAsync(silo.Silo.EndPoint);
        await Patience.For(good.AttachAsync(1), "an attach after all that");
    }
}
