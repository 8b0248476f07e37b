using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Api.Tests.Live;

/// <summary>Rung 1 of the ladder against the real wire: the simulator's memory says what the model has heard.</summary>
public sealed class RecoveryRungOneTests
{
    [Theory]
    [InlineData(FaultAction.Close)]
    [InlineData(FaultAction.Abort)]
    public async Task Loss_InMidSpeech_IsResumedUnnoticed_AndEverySampleIsHeardOnce(FaultAction action)
    {
        await using var fixture = await LiveFixture.StartAsync();
        await fixture.FaultAsync(new FaultRule { Turn = 2, Phase = FaultPhase.UserSpeech, AfterFrames = 20, Action = action });
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();

        byte[] sent = [.. TestSpeech.Words(0, 4), .. TestSpeech.Words(4, 4), .. TestSpeech.Words(8, 4)];
        for (var turn = 0; turn < 3; turn++)
        {
            await client.SpeakAsync(sent.AsMemory(turn * sent.Length / 3, sent.Length / 3));
            await client.TurnCompleteAsync();
        }

        Assert.Equal(2, await fixture.ConnectionsAsync());
        Assert.Equal(sent, await fixture.UserAudioAsync());
        var transcript = await fixture.RestAsync($"/{client.ConversationId}/transcript");
        Assert.Equal(
            ["w0 w1 w2 w3", "w4 w5 w6 w7", "w8 w9 w10 w11"],
            transcript.GetProperty("turns").EnumerateArray().Select(t => t.GetProperty("user").GetProperty("text").GetString()!.Trim()));
        Assert.False(client.Ended.IsCompleted);
    }

    [Fact]
    public async Task Loss_InMidReply_EndsTheReplyAndAnswersTheQuestionAgain()
    {
        await using var fixture = await LiveFixture.StartAsync("--Simulator:Pace=2");
        await fixture.FaultAsync(new FaultRule { Turn = 2, Phase = FaultPhase.ModelSpeech, AfterFrames = 5, Action = FaultAction.Abort });
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        byte[] sent = [.. TestSpeech.Words(0, 4), .. TestSpeech.Words(4, 4)];
        await client.SpeakAsync(sent.AsMemory(0, sent.Length / 2));
        await client.TurnCompleteAsync();
        await client.SpeakAsync(sent.AsMemory(sent.Length / 2));
        await client.NextAsync(m => m.TryGetProperty("serverContent", out var c) && c.TryGetProperty("interrupted", out _), "interrupted");
        await client.TurnCompleteAsync();
        await client.NextAsync(RawLiveClient.HasAudio, "audio of the second try");
        await client.TurnCompleteAsync();

        Assert.Equal(sent, await fixture.UserAudioAsync());
        var turns = (await fixture.RestAsync($"/{client.ConversationId}/transcript")).GetProperty("turns").EnumerateArray().ToList();
        Assert.Equal(["completed", "cut", "completed"], turns.Select(t => t.GetProperty("ending").GetString()));
        Assert.Equal("w4 w5 w6 w7", turns[2].GetProperty("user").GetProperty("text").GetString()!.Trim());
    }

    [Fact]
    public async Task Redial_RefusedTwice_IsTriedAgain()
    {
        await using var fixture = await LiveFixture.StartAsync();
        await fixture.FaultAsync(
            new FaultRule { Turn = 1, Phase = FaultPhase.UserSpeech, AfterFrames = 5, Action = FaultAction.Abort },
            new FaultRule { Connection = 2, Action = FaultAction.RefuseConnect },
            new FaultRule { Connection = 3, Action = FaultAction.ResetConnect });
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        var sent = TestSpeech.Words(0, 6);
        await client.SpeakAsync(sent);
        await client.TurnCompleteAsync();
        Assert.Equal(sent, await fixture.UserAudioAsync());
    }

    [Fact]
    public async Task Conversation_PutAway_GoesOnFromItsJournal()
    {
        await using var fixture = await LiveFixture.StartAsync();
        byte[] sent = [.. TestSpeech.Words(0, 4), .. TestSpeech.Words(4, 4)];
        string handle;
        string conversation;
        await using (var first = await RawLiveClient.ConnectAsync(fixture.Url))
        {
            await first.SetUpAsync();
            await first.SpeakAsync(sent.AsMemory(0, sent.Length / 2));
            await first.TurnCompleteAsync();
            // The handle that upstream sends for the finished turn must have become a checkpoint.
            await Patience.Until(async () => (await fixture.RestAsync($"/{first.ConversationId}/events")).GetProperty("events").EnumerateArray()
                .Select(e => e.GetProperty("fact")).Any(f => f.GetProperty("type").GetString() == "checkpointTaken" && f.GetProperty("position").GetInt64() > 0), "a checkpoint");
            (handle, conversation) = (first.Handle!, first.ConversationId);
            await first.CloseAsync();
        }

        await Patience.Until(async () => (await fixture.RestAsync($"/{conversation}")).GetProperty("state").GetString() == "resumable", "the conversation to be put away");
        await using var second = await RawLiveClient.ConnectAsync(fixture.Url);
        await second.SetUpAsync(handle: handle);
        Assert.Equal(conversation, second.ConversationId);
        await second.SpeakAsync(sent.AsMemory(sent.Length / 2));
        await second.TurnCompleteAsync();
        Assert.Equal(sent, await fixture.UserAudioAsync());
        Assert.Equal(2, (await fixture.RestAsync($"/{conversation}/transcript")).GetProperty("turns").GetArrayLength());
    }
}
