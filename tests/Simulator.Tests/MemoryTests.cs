using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.Simulator.Speech;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>Sessions, handles and the memory that is the oracle.</summary>
public sealed class MemoryTests
{
    private readonly VirtualTime _time = new();

    private static SimulatorWorld World(SimulatorKnobs? knobs = null, int window = 131_072) => new(new SimulatorOptions
    {
        Scripts = [new ScriptRule { Reply = new ScriptedReply { Text = "Yes indeed", Seconds = 1 } }],
        Knobs = knobs ?? new(),
        ContextWindow = window,
    });

    private static JsonArray Entries(SimulatorWorld world, string session) =>
        JsonNode.Parse(JsonSerializer.Serialize(MemoryReport.Memory(world.FindSession(session)!)))!["entries"]!.AsArray();

    private static string Words(SimulatorWorld world, string session) =>
        string.Join(' ', TestSpeech.Decode(MemoryReport.UserAudio(world.FindSession(session)!)));

    /// <summary>A turn of words with silence before and after, up to the model's turnComplete and the handle.</summary>
    private static void Exchange(VirtualClient client, int first, int count)
    {
        client.Pause(0.2);
        client.SpeakWords(first, count);
        client.Pause(0.6);
        client.WaitFor("turnComplete");
    }

    [Fact]
    public void Memory_OfAConversation_HoldsEverySampleOnceInOrder()
    {
        var world = World();
        var client = VirtualClient.Open(world, _time);
        var sent = new List<byte>();
        for (var turn = 0; turn < 3; turn++)
        {
            byte[] pcm = [.. TestSpeech.Noise(TimeSpan.FromSeconds(0.3), turn), .. TestSpeech.Words(turn * 10, 3), .. TestSpeech.Silence(TimeSpan.FromSeconds(0.7))];
            client.Speak(pcm);
            sent.AddRange(pcm);
            client.WaitFor("turnComplete");
        }

        Assert.Equal(sent, MemoryReport.UserAudio(world.FindSession(client.SessionId)!));
        Assert.Equal(client.Audio(), world.FindSession(client.SessionId)!.ModelAudio.ToArray());
        var models = Entries(world, client.SessionId).Where(entry => entry!["kind"]!.GetValue<string>() == "model").ToList();
        Assert.Equal([1, 2, 3], models.Select(entry => entry!["turn"]!.GetValue<int>()));
        Assert.All(models, entry => Assert.Equal("complete", entry!["ending"]!.GetValue<string>()));
        Assert.All(models, entry => Assert.Equal("Yes indeed", entry!["text"]!.GetValue<string>()));
        var turns = Entries(world, client.SessionId).Select(entry => entry!["inTurn"]?.GetValue<int>()).Where(turn => turn is not null);
        Assert.Equal([1, 2, 3], turns.Select(turn => turn!.Value));
    }

    [Theory]
    [InlineData("gemini-3.8-live", 1.8)]
    [InlineData("gemini-2.5-flash-native-audio-latest", 1.1)]
    public void Tokens_OfAudio_AreTwentyFivePerSecondOfWhatTheModelListensTo(string model, double seconds)
    {
        // 0.5 s of silence, two words, 0.5 s of silence that end the turn, and 0.2 s more. 3.8 listens always.
        var world = World();
        var client = VirtualClient.Open(world, _time, model);
        client.Pause(0.5);
        client.SpeakWords(1, 2);
        client.Pause(0.7);

        Assert.Equal(seconds * 25, world.FindSession(client.SessionId)!.Memory.AudioTokens, 0.6);
    }

    [Fact]
    public void AudioEntry_Digest_IsThatOfTheSamples()
    {
        var world = World();
        var client = VirtualClient.Open(world, _time);
        var pcm = TestSpeech.Silence(TimeSpan.FromSeconds(0.5));
        client.Speak(pcm);

        var entry = Entries(world, client.SessionId)[0]!;
        Assert.Equal(8_000, entry["samples"]!.GetValue<int>());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(pcm)), entry["sha256"]!.GetValue<string>());
        Assert.Null(entry["inTurn"]);
    }

    [Fact]
    public void Memory_OfTwoTurns_SaysWhichWordsEndedWhereAndWhereRepliesBegin()
    {
        var world = new SimulatorWorld(new SimulatorOptions());
        var client = VirtualClient.Open(world, _time);
        Exchange(client, 1, 2);
        Exchange(client, 3, 1);

        var entries = Entries(world, client.SessionId);
        Assert.Equal(
            ["w1 w2", "model", "w3", "model"],
            entries.Select(entry => (string)entry!["kind"]! == "model" ? "model" : string.Join(' ', entry["words"]!.AsArray())).Where(item => item.Length > 0));
        var replies = entries.Where(entry => (string)entry!["kind"]! == "model").ToList();
        Assert.Equal(0, (int)replies[0]!["audioFrom"]!);
        Assert.Equal((int)replies[0]!["audioSamples"]! * 2, (int)replies[1]!["audioFrom"]!);
    }

    [Fact]
    public void Memory_WithoutKeptAudio_StillCountsSamples()
    {
        var world = new SimulatorWorld(new SimulatorOptions { KeepAudio = false });
        var client = VirtualClient.Open(world, _time);
        Exchange(client, 1, 2);

        var entries = Entries(world, client.SessionId);
        Assert.Equal(16_000 * 14 / 10, entries.Sum(entry => entry!["samples"]?.GetValue<int>() ?? 0));
        Assert.All(entries, entry => Assert.Null(entry!["sha256"]));
        Assert.Empty(world.ReadUserAudio(client.SessionId)!);
        Assert.Empty(world.ReadModelAudio(client.SessionId)!);
        Assert.Equal(client.Audio().Length / 2, entries.Last(entry => (string?)entry!["kind"] == "model")!["audioSamples"]!.GetValue<int>());
    }

    [Theory]
    [InlineData(HandleCoverage.LastTurn, "w1 w2")]
    [InlineData(HandleCoverage.AllReceived, "w1 w2 w3 w4")]
    public void Resume_InTheMiddleOfATurn_ForksWhereTheHandleCovers(HandleCoverage coverage, string words)
    {
        // A handle every 500 ms: the last one is made while the second turn is spoken.
        var world = new SimulatorWorld(new SimulatorOptions
        {
            Scripts = [new ScriptRule { Reply = new ScriptedReply { Text = "Yes", Seconds = 1 } }],
            Knobs = new() { HandleCovers = coverage },
            HandleEvery = TimeSpan.FromMilliseconds(500),
        });
        var first = VirtualClient.Open(world, _time);
        Exchange(first, 1, 2);
        first.SpeakWords(3, 2);
        first.Advance(TimeSpan.FromMilliseconds(500));
        var handle = first.Handle;
        first.SpeakWords(5, 1);
        first.Hangup(null);

        var second = VirtualClient.Open(world, _time, handle: handle);

        Assert.Null(second.Closed);
        Assert.Equal(first.SessionId, second.SessionId);
        Assert.Equal(words, Words(world, second.SessionId));
    }

    [Fact]
    public void Resume_MinusInFlight_LosesOnlyTheTail()
    {
        var world = new SimulatorWorld(new SimulatorOptions
        {
            Knobs = new() { HandleCovers = HandleCoverage.AllReceivedMinusInFlight },
            HandleEvery = TimeSpan.FromMilliseconds(500),
        });
        var first = VirtualClient.Open(world, _time);
        first.SpeakWords(1, 3);
        var received = MemoryReport.UserAudio(world.FindSession(first.SessionId)!).Length;
        var handle = first.Handle;
        first.Hangup();

        var second = VirtualClient.Open(world, _time, handle: handle);
        var kept = MemoryReport.UserAudio(world.FindSession(second.SessionId)!).Length;

        // The last handle was made at 500 ms; 20 to 300 ms before it were in flight.
        Assert.True(received > kept);
        Assert.InRange(kept, 32 * 200, 32 * 480);
    }

    [Fact]
    public void Resume_AfterALostReply_HasNoneOfItAndDoesNotContinueIt()
    {
        var world = World();
        var first = VirtualClient.Open(world, _time);
        Exchange(first, 1, 2);
        var handle = first.Handle;
        first.SpeakWords(3, 2);
        first.Pause(0.6);
        first.WaitFor("inlineData");
        first.Hangup(null);
        Assert.Equal("lost", Entries(world, first.SessionId).Last(entry => entry!["kind"]!.GetValue<string>() == "model")!["ending"]!.GetValue<string>());

        var second = VirtualClient.Open(world, _time, handle: handle);
        second.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(["setupComplete", "sessionResumptionUpdate"], second.Frames.Select(frame => frame.Frame.First().Key));
        Assert.Equal("w1 w2", Words(world, second.SessionId));
        Assert.Single(Entries(world, second.SessionId), entry => entry!["kind"]!.GetValue<string>() == "model");
    }

    [Fact]
    public void Resume_WhileTheOldSocketIsOpen_IsRefusedAndTheOldOneLives()
    {
        var world = World();
        var first = VirtualClient.Open(world, _time);
        Exchange(first, 1, 1);
        var second = VirtualClient.Open(world, _time, handle: first.Handle);

        Assert.Equal(1011, second.Closed?.Code);
        Exchange(first, 2, 1);
        Assert.Equal("w1 w2", Words(world, first.SessionId));
    }

    [Fact]
    public void Resume_WithLateRelease_SucceedsAfterAWhile()
    {
        var world = World(new() { OldSocket = OldSocketRelease.Late });
        var first = VirtualClient.Open(world, _time);
        Exchange(first, 1, 1);
        first.Hangup();

        var refused = 0;
        while (VirtualClient.Open(world, _time, handle: first.Handle) is { Closed: { } closed })
        {
            Assert.Equal(1011, closed.Code);
            Assert.True(++refused < 100, "never released");
            _time.Now += TimeSpan.FromMilliseconds(100);
        }
        Assert.InRange(refused, 1, 50);
    }

    [Fact]
    public void Handle_AfterItsLifetime_IsUnknown()
    {
        var world = World();
        var first = VirtualClient.Open(world, _time);
        Exchange(first, 1, 1);
        var handle = first.Handle;
        first.Hangup();
        _time.Now += TimeSpan.FromHours(2) - TimeSpan.FromSeconds(1);
        var inTime = VirtualClient.Open(world, _time, handle: handle);
        Assert.Null(inTime.Closed);
        inTime.Hangup();
        _time.Now += TimeSpan.FromHours(2) + TimeSpan.FromSeconds(1);

        Assert.Equal(1008, VirtualClient.Open(world, _time, handle: handle).Closed?.Code);
    }

    [Theory]
    [InlineData(OlderHandle.Valid, true)]
    [InlineData(OlderHandle.Void, false)]
    public void OlderHandle_AfterANewerOne_IsAsTheKnobSays(OlderHandle knob, bool works)
    {
        var world = World(new() { OlderHandle = knob });
        var first = VirtualClient.Open(world, _time);
        Exchange(first, 1, 1);
        var older = first.Handle;
        Exchange(first, 2, 1);
        Assert.NotEqual(older, first.Handle);
        first.Hangup();

        var second = VirtualClient.Open(world, _time, handle: older);

        Assert.Equal(works, second.Closed is null);
        if (works)
            Assert.Equal("w1", Words(world, second.SessionId));
    }

    [Fact]
    public void Handle_OfAnotherKey_IsUnknown()
    {
        var world = World();
        var first = VirtualClient.Open(world, _time);
        first.Hangup();
        var other = new VirtualClient(world, _time, new ConnectRequest("v1beta", Constrained: false, "another-key"));
        other.Send("{\"setup\":{\"model\":\"models/gemini-3.8-live\",\"sessionResumption\":{\"handle\":\"" + first.Handle + "\"}}}");

        Assert.Equal(1008, other.Closed?.Code);
    }

    [Fact]
    public void Handle_NotAskedFor_ComesOn31Only()
    {
        foreach (var model in new[] { "gemini-3.8-live", "gemini-3.1-flash-live-preview" })
        {
            var client = new VirtualClient(World(), _time);
            client.Send("{\"setup\":{\"model\":\"models/" + model + "\"}}");
            Assert.Equal(model.Contains("3.1", StringComparison.Ordinal), client.Handle is not null);
        }
    }

    [Fact]
    public void PendingCall_SurvivesOnlyWithAHandleAfterIt()
    {
        var world = new SimulatorWorld(new SimulatorOptions
        {
            Scripts = [new ScriptRule { Reply = new ScriptedReply { Text = "Result", ToolCalls = [new ScriptedCall { Name = "f" }] } }],
        });
        const string tools = ""","tools":[{"functionDeclarations":[{"name":"f"}]}]""";
        var first = VirtualClient.Open(world, _time, more: tools);
        var before = first.Handle;
        first.Send("""{"realtimeInput":{"text":"go"}}""");
        var id = first.WaitFor("toolCall")["toolCall"]!["functionCalls"]![0]!["id"]!.GetValue<string>();
        first.WaitFor("newHandle");
        var after = first.Handle;
        first.Hangup();
        var answer = $$$"""{"toolResponse":{"functionResponses":[{"id":"{{{id}}}","name":"f","response":{"output":1}}]}}""";

        var early = VirtualClient.Open(world, _time, more: tools, handle: before);
        early.Send(answer);
        Assert.Equal((1007, "Request contains an invalid argument."), early.Closed);

        var late = VirtualClient.Open(world, _time, more: tools, handle: after);
        late.Send(answer);
        late.WaitFor("turnComplete");
        Assert.Equal("Result", late.Said());
        Assert.Equal(["text", "toolCall", "model", "toolResponse", "model"], Entries(world, late.SessionId).Select(entry => entry!["kind"]!.GetValue<string>()));
    }

    [Fact]
    public void Seed_WithHistoryConfig_IsRememberedAndNotAnswered()
    {
        var world = World();
        var client = VirtualClient.Open(world, _time, more: ""","historyConfig":{"initialHistoryInClientContent":true}""");
        client.Send("""{"clientContent":{"turns":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Hello."}]}],"turnComplete":true}}""");
        client.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal("", client.Said());
        Exchange(client, 1, 1);

        var entries = Entries(world, client.SessionId);
        Assert.Equal(["user: Hi", "model: Hello."], entries.Take(2).Select(entry => $"{entry!["role"]}: {entry["text"]}"));
    }

    [Fact]
    public void Seed_On25WithoutTurnComplete_IsPendingUntilOneComes()
    {
        var world = World();
        var client = VirtualClient.Open(world, _time, "gemini-2.5-flash-native-audio-latest");
        client.Send("""{"clientContent":{"turns":[{"role":"user","parts":[{"text":"Hi"}]}]}}""");
        Assert.True(Entries(world, client.SessionId)[0]!["pending"]!.GetValue<bool>());
        client.Send("""{"clientContent":{"turnComplete":true}}""");
        Assert.False(Entries(world, client.SessionId)[0]!["pending"]!.GetValue<bool>());
        client.WaitFor("turnComplete");
    }

    [Fact]
    public void Connection_AtItsCap_IsWarnedAndClosed()
    {
        var client = VirtualClient.Open(World(), _time);
        client.Advance(TimeSpan.FromMinutes(9) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, client.Frames.Count);
        client.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("""{"goAway":{"timeLeft":"60s"}}""", client.Frames[^1].Frame.ToJsonString());
        client.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((1011, "Deadline expired before operation could complete."), client.Closed);
    }

    [Fact]
    public void Context_WhenFull_Closes1007OrIsCompressed()
    {
        var full = VirtualClient.Open(World(window: 1_000), _time);
        full.Speak(TestSpeech.Silence(TimeSpan.FromSeconds(45)));
        Assert.Equal((1007, "Request contains an invalid argument."), full.Closed);

        var world = World(window: 1_000);
        var compressed = VirtualClient.Open(world, _time, more: ""","contextWindowCompression":{"slidingWindow":{}}""");
        compressed.Speak(TestSpeech.Silence(TimeSpan.FromSeconds(45)));
        Assert.Null(compressed.Closed);
        Assert.Equal(1, world.FindSession(compressed.SessionId)!.Memory.Compressions);
        Assert.InRange(world.FindSession(compressed.SessionId)!.Memory.Tokens, 400, 800);
    }

    [Theory]
    [InlineData(HandleTiming.AtOnce)]
    [InlineData(HandleTiming.Late)]
    [InlineData(HandleTiming.Never)]
    public void Handle_AfterATurn_ComesAsTheKnobSays(HandleTiming timing)
    {
        var client = VirtualClient.Open(World(new() { HandleComes = timing }), _time);
        client.Send("""{"realtimeInput":{"text":"go"}}""");
        client.WaitFor("turnComplete");
        var complete = client.Frames[^1].Ms;
        client.Advance(TimeSpan.FromSeconds(5));
        var handles = client.Frames.Where(frame => frame.Frame["sessionResumptionUpdate"]?["newHandle"] is not null).Select(frame => frame.Ms - complete).ToList();

        switch (timing)
        {
            case HandleTiming.AtOnce:
                Assert.Equal(0, handles[1]);
                break;
            case HandleTiming.Late:
                Assert.InRange(handles[1], 1, 2_000);
                break;
            default:
                Assert.Single(handles);
                break;
        }
    }

    [Fact]
    public void World_SameInputsSameSeed_GivesTheSameFrames()
    {
        string Run(int seed)
        {
            var time = new VirtualTime();
            var world = new SimulatorWorld(new SimulatorOptions { Seed = seed, Knobs = new() { HandleComes = HandleTiming.Late, Transcripts = InputTranscripts.Late } });
            var client = VirtualClient.Open(world, time);
            Exchange(client, 1, 3);
            client.Advance(TimeSpan.FromSeconds(5));
            return string.Join('\n', client.Frames.Select(frame => $"{frame.Ms} {frame.Frame.ToJsonString()}"));
        }

        Assert.Equal(Run(7), Run(7));
        Assert.NotEqual(Run(7), Run(8));
    }

    [Fact]
    public void BurstInput_Throttled_IsConsumedLater()
    {
        var world = World(new() { BurstInput = BurstInput.Throttled });
        var client = VirtualClient.Open(world, _time);
        foreach (var part in TestSpeech.Words(1, 10).Chunk(640))
            client.Send(VirtualClient.AudioFrame(part));
        var early = MemoryReport.UserAudio(world.FindSession(client.SessionId)!).Length;
        client.Advance(TimeSpan.FromSeconds(2));

        Assert.True(early <= 640 * 2);
        Assert.Equal("w1 w2 w3 w4 w5 w6 w7 w8 w9 w10", Words(world, client.SessionId));
    }
}
