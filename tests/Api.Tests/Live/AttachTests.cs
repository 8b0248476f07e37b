using System.Text.Json;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Api.Tests.Live;

public sealed class AttachTests
{
    [Fact]
    public async Task NewestClient_Wins_AndTheOlderOneIsTold()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await using var first = await RawLiveClient.ConnectAsync(fixture.Url);
        await first.SetUpAsync();
        await using var second = await RawLiveClient.ConnectAsync(fixture.Url);
        await second.SetUpAsync(handle: await first.HandleAsync());
        var end = await first.EndAsync();
        Assert.Equal(1008, end.Code);
        Assert.Contains("another connection", end.Reason, StringComparison.Ordinal);

        await second.SpeakAsync(TestSpeech.Words(0, 3));
        await second.TurnCompleteAsync();
        Assert.Equal(first.ConversationId, second.ConversationId);
        Assert.Equal(1, await fixture.ConnectionsAsync());
    }

    [Fact]
    public async Task Transcriptions_NotAskedFor_StayHere_ButStandInTheTranscript()
    {
        await using var fixture = await LiveFixture.StartAsync();
        foreach (var model in new[] { "gemini-3.8-live", "gemini-3.1-flash-live-preview" })
        {
            await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
            await client.SendAsync(JsonSerializer.Serialize(new
            {
                setup = new
                {
                    model = $"models/{model}",
                    generationConfig = new { responseModalities = new[] { "AUDIO" } },
                    realtimeInputConfig = new { automaticActivityDetection = new { disabled = true } , turnCoverage = "TURN_INCLUDES_ONLY_ACTIVITY" },
                },
            }));
            var id = (await client.NextAsync(m => m.TryGetProperty("setupComplete", out _), "setupComplete"))
                .GetProperty("setupComplete").GetProperty("sessionId").GetString();
            await client.SpeakAsync(TestSpeech.Words(0, 3));
            var transcribed = false;
            await client.NextAsync(
                m =>
                {
                    transcribed |= m.GetRawText().Contains("ranscription", StringComparison.Ordinal);
                    return RawLiveClient.IsTurnComplete(m);
                },
                "turnComplete");
            Assert.False(transcribed);
            Assert.Null(client.Handle);
            Assert.Equal(await fixture.ModelAudioAsync(), client.Audio.ToArray());
            var turn = Assert.Single((await fixture.RestAsync($"/{id}/transcript")).GetProperty("turns").EnumerateArray());
            Assert.Equal("w0 w1 w2", turn.GetProperty("user").GetProperty("text").GetString()!.Trim());
            Assert.NotEqual("", turn.GetProperty("model").GetProperty("text").GetString());
        }
    }

    [Fact]
    public async Task SetupThatAsksForConsent_WaitsForUpstreamsAnswer_UnderOurId()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await fixture.FaultAsync(new FaultRule { Action = FaultAction.DelaySetupComplete, Ms = 300 });
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SendAsync("""
            {"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"],"speechConfig":{"voiceConfig":
            {"replicatedVoiceConfig":{"mimeType":"audio/wav","voiceSampleAudio":"AAAA","consentAudio":"AAAA"}}}}}}
            """);
        var complete = await client.NextAsync(m => m.TryGetProperty("setupComplete", out _), "setupComplete");
        Assert.Equal(client.ConversationHeader, complete.GetProperty("setupComplete").GetProperty("sessionId").GetString());
        await Patience.Until(
            async () => (await fixture.RestAsync($"/{client.ConversationHeader}/events")).GetRawText().Contains("linkOpened", StringComparison.Ordinal),
            "the link's fact");
        await client.SendAsync("""{"realtimeInput":{"text":"hello"}}""");
        await client.NextAsync(
            m =>
            {
                Assert.False(m.TryGetProperty("setupComplete", out _), "setupComplete came twice");
                return RawLiveClient.IsTurnComplete(m);
            },
            "turnComplete");
    }

    /// <summary>What LiveKit's plugin does after every reconnect.</summary>
    [Fact]
    public async Task ClientThatRepeatsItsHistoryAfterAResume_IsNotHeardTwice()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await using var first = await RawLiveClient.ConnectAsync(fixture.Url);
        await first.SetUpAsync();
        await first.SendAsync("""{"realtimeInput":{"text":"my name is Ada"}}""");
        await first.TurnCompleteAsync();
        first.Abort();

        await using var second = await RawLiveClient.ConnectAsync(fixture.Url);
        await second.SetUpAsync(handle: first.Handle);
        await second.SendAsync("""{"clientContent":{"turns":[{"role":"user","parts":[{"text":"my name is Ada"}]},{"role":"model","parts":[{"text":"yes of course"}]}],"turnComplete":false}}""");
        await second.SpeakAsync(TestSpeech.Words(0, 3));
        await second.TurnCompleteAsync();
        var memory = await fixture.MemoryAsync();
        Assert.Single(memory.Split("my name is Ada").Skip(1));
        Assert.DoesNotContain("\"content\"", memory, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_EndsForGood()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        await fixture.DeleteAsync(client.ConversationId);
        Assert.Equal(1000, (await client.EndAsync()).Code);
        Assert.Equal("ended", (await fixture.RestAsync($"/{client.ConversationId}")).GetProperty("state").GetString());

        await using var late = await RawLiveClient.ConnectAsync(fixture.Url);
        await late.SendAsync(RawLiveClient.SetupJson(handle: client.Handle));
        Assert.Equal("BidiGenerateContent session not found", (await late.EndAsync()).Reason);
    }

    [Fact]
    public async Task Process_Stopping_TellsClientsToResume()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        await fixture.RestartAsync();
        Assert.Equal(1012, (await client.EndAsync()).Code);
        await using var back = await RawLiveClient.ConnectAsync(fixture.Url);
        await back.SetUpAsync(handle: client.Handle);
        Assert.Equal(client.ConversationId, back.ConversationId);
    }

    [Fact]
    public async Task Refusal_OfTheSetupByUpstream_ReachesTheClientInItsWords()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SendAsync("""{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"]},"bogus":1}}""");
        var end = await client.EndAsync();
        Assert.Equal(1007, end.Code);
        Assert.Contains("bogus", end.Reason, StringComparison.Ordinal);
    }
}
