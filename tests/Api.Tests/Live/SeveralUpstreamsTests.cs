using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Speech;
using Microsoft.Extensions.Options;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Api.Tests.Live;

/// <summary>Several upstream endpoints behind the whole process.</summary>
public sealed class SeveralUpstreamsTests
{
    private const string Endpoints = "--Orchestrator:Upstream:Endpoints";

    [Fact]
    public async Task ReturningConversation_GoesWhereItWas_AndANewOneWhereTheWeightIs()
    {
        await using var one = await SimulatorHost.StartAsync(Quick, "http://127.0.0.1:0", TestContext.Current.CancellationToken);
        await using var two = await SimulatorHost.StartAsync(Quick, "http://127.0.0.1:0", TestContext.Current.CancellationToken);
        await using var fixture = await LiveFixture.StartAsync(Configure(one, two, 1, 0));
        string handle;
        await using (var client = await RawLiveClient.ConnectAsync(fixture.Url))
        {
            await client.SetUpAsync();
            await client.SpeakAsync(TestSpeech.Words(0, 3));
            await client.TurnCompleteAsync();
            // The handle that upstream sends for the finished turn must have become a checkpoint.
            await Patience.Until(async () => (await fixture.RestAsync($"/{client.ConversationId}/events")).GetProperty("events").EnumerateArray()
                .Select(e => e.GetProperty("fact")).Any(f => f.GetProperty("type").GetString() == "checkpointTaken" && f.GetProperty("position").GetInt64() > 0), "a checkpoint");
            handle = client.Handle!;
            await client.CloseAsync();
        }

        await fixture.RestartAsync(Configure(one, two, 0, 1));
        await using var back = await RawLiveClient.ConnectAsync(fixture.Url);
        await back.SetUpAsync(handle: handle);
        await back.SpeakAsync(TestSpeech.Words(3, 3));
        await back.TurnCompleteAsync();
        Assert.Equal("one", await OpenedAtAsync(fixture, back));
        Assert.Equal((1, 0), (Sessions(one), Sessions(two)));

        await using var fresh = await RawLiveClient.ConnectAsync(fixture.Url);
        await fresh.SetUpAsync();
        await fresh.SpeakAsync(TestSpeech.Words(0, 3));
        await fresh.TurnCompleteAsync();
        Assert.Equal("two", await OpenedAtAsync(fixture, fresh));
        Assert.Equal((1, 1), (Sessions(one), Sessions(two)));
    }

    [Fact]
    public async Task EndpointThatIsDead_IsLeftAlone_AndTheJournalSaysSo()
    {
        await using var fixture = await LiveFixture.StartAsync(
            $"{Endpoints}:0:Name=dead", $"{Endpoints}:0:BaseUrl=http://127.0.0.1:{Ports.Free()}", "--Orchestrator:Upstream:Breaker:MinimumAttempts=2");
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        await Patience.Until(
            async () => (await fixture.RestAsync($"/{client.ConversationId}/events")).GetRawText().Contains("circuitOpen", StringComparison.Ordinal),
            "a link that the open circuit ended");
        var lost = (await fixture.RestAsync($"/{client.ConversationId}/events")).GetRawText();
        Assert.Contains("\"dialFailed\"", lost, StringComparison.Ordinal);
        Assert.Contains("\"unavailable\"", lost, StringComparison.Ordinal);
        Assert.False(client.Ended.IsCompleted);
    }

    [Theory]
    [InlineData("0:Weight=heavy", "Orchestrator:Upstream:Endpoints:0:Weight")]
    [InlineData("0:Kind=vertex", "Orchestrator:Upstream:Endpoints:0:Project must be set")]
    public async Task EndpointThatIsConfiguredWrong_StopsTheStart_WithItsKey(string wrong, string message)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => LiveFixture.StartAsync($"{Endpoints}:0:BaseUrl=http://127.0.0.1:1", $"{Endpoints}:{wrong}"));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private static SimulatorOptions Quick => new() { ReplyDelay = TimeSpan.FromMilliseconds(50), Pace = 20 };

    private static string[] Configure(SimulatorHost one, SimulatorHost two, int weightOfOne, int weightOfTwo) =>
    [
        $"{Endpoints}:0:Name=one", $"{Endpoints}:0:BaseUrl={one.BaseUrl}", $"{Endpoints}:0:ApiKey=k", $"{Endpoints}:0:Weight={weightOfOne}",
        $"{Endpoints}:1:Name=two", $"{Endpoints}:1:BaseUrl={two.BaseUrl}", $"{Endpoints}:1:ApiKey=k", $"{Endpoints}:1:Weight={weightOfTwo}",
    ];

    private static int Sessions(SimulatorHost simulator)
    {
        lock (simulator.World.Gate)
        {
            return simulator.World.ReadSessions().Count;
        }
    }

    private static async Task<string?> OpenedAtAsync(LiveFixture fixture, RawLiveClient client) =>
        (await fixture.RestAsync($"/{client.ConversationId}/events")).GetProperty("events").EnumerateArray()
        .Select(e => e.GetProperty("fact")).Last(f => f.GetProperty("type").GetString() == "linkOpened").GetProperty("endpoint").GetString();
}
