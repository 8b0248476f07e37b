using Gemini.Live.Simulator.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Api.Tests.Live;

/// <summary>JSON that is well-formed and still no Unicode text: upstream may refuse it, but nothing of ours breaks on it.</summary>
public sealed class HostileTextTests
{
    [Theory]
    [InlineData("""{"realtimeInput":{"text":"\ud83d hello"}}""")]
    [InlineData("""{"clientContent":{"turns":[{"role":"user","parts":[{"text":"hello \udc00"}]}],"turnComplete":true}}""")]
    public async Task HalfASurrogatePair_GetsUpstreamsRefusal_AndTheConversationGoesOn(string frame)
    {
        await using var fixture = await LiveFixture.StartAsync();
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        await client.SendAsync(frame);
        var end = await client.EndAsync();
        Assert.Equal(1007, end.Code);
        Assert.NotEqual("Internal error encountered.", end.Reason);

        await using var back = await RawLiveClient.ConnectAsync(fixture.Url);
        await back.SetUpAsync(handle: client.Handle);
        await back.SpeakAsync(TestSpeech.Words(0, 3));
        await back.TurnCompleteAsync();
        Assert.Single((await fixture.RestAsync($"/{client.ConversationId}/transcript")).GetProperty("turns").EnumerateArray(), t => t.GetProperty("ending").GetString() == "completed");
    }

    [Fact]
    public async Task ResultOfACallThatNobodyMade_IsSwallowed_AndTheConversationGoesOn()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        await client.SendAsync("""{"toolResponse":{"functionResponses":[{"id":"\ud800","name":"\udfff","response":{"\ud800":"\udfff"}}]}}""");
        await client.SpeakAsync(TestSpeech.Words(0, 3));
        await client.TurnCompleteAsync();
        Assert.Single((await fixture.RestAsync($"/{client.ConversationId}/transcript")).GetProperty("turns").EnumerateArray(), t => t.GetProperty("ending").GetString() == "completed");
    }
}
