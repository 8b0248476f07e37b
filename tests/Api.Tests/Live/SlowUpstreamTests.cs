using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Api.Tests.Live;

/// <summary>An upstream that does not read: the client has to wait, and nothing is dropped or hoarded meanwhile (P6).</summary>
public sealed class SlowUpstreamTests
{
    [Fact]
    public async Task Upstream_ThatStopsReading_TakesTheClientsCredit()
    {
        const int Frames = 800;
        await using var upstream = new DeafUpstream();
        await using var fixture = await LiveFixture.StartAsync($"--Orchestrator:Upstream:Endpoints:0:BaseUrl={upstream.Url}");
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        await client.SendAsync("""{"realtimeInput":{"activityStart":{}}}""");

        // 80 KB each: together several times what sockets, credit and log may hold.
        var loud = new byte[60_000];
        Array.Fill(loud, (byte)0x55);
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < Frames; sent++)
            {
                await client.SendAudioAsync(loud);
            }
        });

        // Stuck is what does not move for a while; a client that is not stopped is through by then.
        var before = -1;
        await Patience.Until(
            async () =>
            {
                (var last, before) = (before, Volatile.Read(ref sent));
                await Task.Delay(1_000);
                return last == Volatile.Read(ref sent) || sending.IsCompleted;
            },
            "the client to be stopped");
        Assert.False(sending.IsCompleted);
        Assert.InRange(sent, 1, Frames / 2);
        var events = (await fixture.RestAsync($"/{client.ConversationHeader}/events")).GetRawText();
        Assert.DoesNotContain("inputEvicted", events, StringComparison.Ordinal);
        client.Abort();
        await Patience.For(sending.ContinueWith(_ => { }, TaskScheduler.Default), "the sender to notice");
    }
}
