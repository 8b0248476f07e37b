using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.Simulator.Speech;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

public sealed class TurnTests
{
    private const string Manual = ""","realtimeInputConfig":{"automaticActivityDetection":{"disabled":true}}""";
    private readonly VirtualTime _time = new();

    private static SimulatorWorld World(ScriptedReply reply, SimulatorKnobs? knobs = null) =>
        new(new SimulatorOptions { Scripts = [new ScriptRule { Reply = reply }], Knobs = knobs ?? new() });

    /// <summary>The frames' kinds in order, runs of the same kind joined.</summary>
    private static string Kinds(VirtualClient client) => string.Join(' ', client.Frames.Select(frame => Kind(frame.Frame))
        .Aggregate(new List<string>(), (kinds, kind) =>
        {
            if (kinds.LastOrDefault() != kind)
                kinds.Add(kind);
            return kinds;
        }));

    private static string Kind(JsonObject frame)
    {
        if (frame.Count == 0)
            return "{}";
        var kinds = new List<string>();
        foreach (var (name, value) in frame)
        {
            if (name != "serverContent")
            {
                kinds.Add(name switch
                {
                    "sessionResumptionUpdate" => value!["newHandle"] is null ? "unresumable" : "handle",
                    "usageMetadata" => "usage",
                    _ => name,
                });
                continue;
            }
            var content = value!.AsObject();
            if (content.Count == 0)
                kinds.Add("content{}");
            foreach (var (member, inner) in content)
            {
                kinds.Add(member switch
                {
                    "modelTurn" => inner!["parts"]![0]!["thought"] is not null ? "thought" : inner["role"] is not null ? "audio(model)" : "audio",
                    "outputTranscription" => "said",
                    "inputTranscription" => "heard",
                    "interactionStatus" => inner!.GetValue<string>(),
                    _ => member,
                });
            }
        }
        return string.Join('+', kinds);
    }

    [Theory]
    [InlineData("gemini-2.5-flash-native-audio-preview-12-2025",
        "setupComplete handle heard unresumable thought said audio said audio said audio generationComplete turnComplete+usage handle")]
    [InlineData("gemini-3.1-flash-live-preview",
        "setupComplete handle heard unresumable content{} audio+said audio generationComplete turnComplete+usage handle")]
    [InlineData("gemini-3.8-live",
        "setupComplete handle heard unresumable said audio(model) said audio(model) generationComplete turnComplete+usage handle")]
    [InlineData("gemini-3.8-live-extended-thinking",
        "setupComplete handle heard unresumable said audio(model) said audio(model) generationComplete turnComplete+IDLE+usage handle")]
    public void Turn_OfEachModel_HasItsSequence(string model, string kinds)
    {
        // Three parts of 40 ms and three words: each model's way to interleave them shows.
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "Yes of course", Seconds = 0.12 }), _time, model);
        client.SpeakWords(1, 2);
        client.Pause(0.6);
        client.WaitFor("turnComplete");
        client.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(kinds, Kinds(client));
        Assert.Equal(" w1 w2", client.Heard());
        Assert.Equal("Yes of course", client.Said());
        Assert.Equal(48_000 * 12 / 100, client.Audio().Length);
    }

    [Fact]
    public void Reply_ThatNamesWhatWasHeard_SaysIt_AndTheSessionTellsItsInstruction()
    {
        var world = World(new ScriptedReply { Text = "Heard {heard}, all of it", Seconds = 0.12 });
        var client = VirtualClient.Open(world, _time, "gemini-3.8-live", ""","systemInstruction":{"parts":[{"text":"Be brief."}]}""");
        client.Send("""{"realtimeInput":{"text":"go on"}}""");
        client.WaitFor("turnComplete");
        Assert.Equal("Heard go on, all of it", client.Said());
        Assert.Equal("Be brief.", (string?)world.ReadSessions()[0]!["instruction"]);
    }

    [Fact]
    public void ExtendedThinking_WithATool_EndsOnlyWithIdle()
    {
        var world = World(new ScriptedReply { Text = "Done", Seconds = 0.04, Filler = "Wait", ToolCalls = [new ScriptedCall { Name = "f", ArgsJson = """{"a":1}""" }] });
        var client = VirtualClient.Open(world, _time, "gemini-3.8-live-extended-thinking", ""","tools":[{"functionDeclarations":[{"name":"f"}]}]""");
        client.Send("""{"realtimeInput":{"text":"go"}}""");
        var call = client.WaitFor("toolCall")["toolCall"]!["functionCalls"]![0]!;
        client.Advance(TimeSpan.FromSeconds(3));
        client.Send($$$"""{"toolResponse":{"functionResponses":[{"id":"{{{call["id"]}}}","name":"f","response":{"output":"ok"}}]}}""");
        client.WaitFor("IDLE");
        client.Advance(TimeSpan.FromSeconds(1));

        Assert.Matches("^call_[0-9]{6}$", call["id"]!.GetValue<string>());
        var kinds = Kinds(client).Replace("{} ", "", StringComparison.Ordinal);
        Assert.Contains("generationComplete turnComplete+IN_PROGRESS+usage toolCall said audio(model)", kinds, StringComparison.Ordinal);
        Assert.EndsWith("generationComplete turnComplete+IDLE+usage handle", kinds, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gemini-2.5-flash-native-audio-latest", "^function-call-[0-9]{19}$")]
    [InlineData("gemini-3.1-flash-live-preview", "^fc_[0-9]{19}$")]
    public void BlockingCall_UntilAnswered_HoldsTheTurn(string model, string id)
    {
        var world = World(new ScriptedReply { Text = "Done", ToolCalls = [new ScriptedCall { Name = "f" }, new ScriptedCall { Name = "f" }] });
        var client = VirtualClient.Open(world, _time, model, ""","tools":[{"functionDeclarations":[{"name":"f","behavior":"BLOCKING"}]}]""");
        client.Send("""{"realtimeInput":{"text":"go"}}""");
        var calls = client.WaitFor("toolCall")["toolCall"]!["functionCalls"]!.AsArray().Select(call => call!["id"]!.GetValue<string>()).ToList();
        Assert.All(calls, call => Assert.Matches(id, call));

        client.Send($$$"""{"tool_response":{"function_responses":[{"id":"{{{calls[0]}}}","name":"f","response":{}}]}}""");
        client.Advance(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain(client.Frames, frame => frame.Frame.ToJsonString().Contains("turnComplete", StringComparison.Ordinal));

        client.Send($$$"""{"toolResponse":{"functionResponses":[{"id":"{{{calls[1]}}}","name":"f","response":{}}]}}""");
        client.WaitFor("turnComplete");
        Assert.Equal("Done", client.Said());
    }

    [Fact]
    public void BlockingCall_OnNative25_ForbidsAudioMeanwhile()
    {
        var world = World(new ScriptedReply { ToolCalls = [new ScriptedCall { Name = "f" }] });
        var client = VirtualClient.Open(world, _time, "gemini-2.5-flash-native-audio-latest", ""","tools":[{"functionDeclarations":[{"name":"f"}]}]""");
        client.Send("""{"realtimeInput":{"text":"go"}}""");
        client.WaitFor("toolCall");
        client.Send(VirtualClient.AudioFrame(new byte[640]));

        Assert.Equal((1008, "Operation is not implemented, or supported, or enabled."), client.Closed);
    }

    [Theory]
    [InlineData("SILENT", false)]
    [InlineData("WHEN_IDLE", true)]
    public void NonBlockingCall_On38_LetsTheTurnEndAndReactsByScheduling(string scheduling, bool speaks)
    {
        var world = World(new ScriptedReply { Text = "The bill is paid", ToolCalls = [new ScriptedCall { Name = "f" }] });
        var client = VirtualClient.Open(world, _time, "gemini-3.8-live", ""","tools":[{"functionDeclarations":[{"name":"f"}]}]""");
        client.Send("""{"realtimeInput":{"text":"go"}}""");
        var id = client.WaitFor("toolCall")["toolCall"]!["functionCalls"]![0]!["id"]!;
        client.WaitFor("turnComplete");
        client.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("", client.Said());

        client.Send($$$"""{"toolResponse":{"functionResponses":[{"id":"{{{id}}}","name":"f","response":{"output":1},"scheduling":"{{{scheduling}}}"}]}}""");
        client.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(speaks ? "The bill is paid" : "", client.Said());
    }

    [Theory]
    [InlineData("WHEN_IDLE", false)]
    [InlineData("INTERRUPT", true)]
    public void NonBlockingResult_DuringSpeech_WaitsOrInterrupts(string scheduling, bool interrupts)
    {
        var world = new SimulatorWorld(new SimulatorOptions
        {
            Scripts =
            [
                new ScriptRule { Contains = "call", Times = 1, Reply = new ScriptedReply { Text = "Result", ToolCalls = [new ScriptedCall { Name = "f" }] } },
                new ScriptRule { Contains = "long", Reply = new ScriptedReply { Text = "A long story", Seconds = 10 } },
            ],
        });
        var client = VirtualClient.Open(world, _time, "gemini-3.8-live", ""","tools":[{"functionDeclarations":[{"name":"f"}]}]""");
        client.Send("""{"realtimeInput":{"text":"call"}}""");
        var id = client.WaitFor("toolCall")["toolCall"]!["functionCalls"]![0]!["id"]!;
        client.WaitFor("turnComplete");
        client.Send("""{"realtimeInput":{"text":"long"}}""");
        client.WaitFor("modelTurn");
        client.Send($$$"""{"toolResponse":{"functionResponses":[{"id":"{{{id}}}","name":"f","response":{"output":1},"scheduling":"{{{scheduling}}}"}]}}""");
        client.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(interrupts, client.Frames.Exists(frame => Kind(frame.Frame) == "interrupted"));
        Assert.EndsWith("Result", client.Said(), StringComparison.Ordinal);
        Assert.Equal(interrupts, !client.Said().Contains("A long story", StringComparison.Ordinal));
    }

    [Fact]
    public void BargeIn_DuringSpeech_IsInterruptedThenTurnCompleteWithoutUsage()
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "one two three four five six seven eight", Seconds = 8 }), _time);
        client.SpeakWords(1, 2);
        client.Pause(1.5);
        client.SpeakWords(3, 1);

        Assert.Contains("interrupted turnComplete handle", Kinds(client), StringComparison.Ordinal);
        Assert.DoesNotContain("generationComplete", Kinds(client), StringComparison.Ordinal);
        Assert.DoesNotContain("usage", Kinds(client), StringComparison.Ordinal);
    }

    [Fact]
    public void BargeIn_WithNoInterruption_IsAnsweredAfterTheTurn()
    {
        var world = World(new ScriptedReply { Text = "one two three", Seconds = 4 });
        var client = VirtualClient.Open(world, _time, more: ""","realtimeInputConfig":{"activityHandling":"NO_INTERRUPTION"}""");
        client.SpeakWords(1, 2);
        client.Pause(1.5);
        client.SpeakWords(3, 1);
        client.Pause(0.6);
        client.WaitFor("turnComplete");
        client.WaitFor("turnComplete");

        Assert.DoesNotContain("interrupted", Kinds(client), StringComparison.Ordinal);
        Assert.Equal("one two threeone two three", client.Said());
    }

    [Fact]
    public void TurnComplete_AfterGeneration_WaitsForPlayback()
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "three seconds", Seconds = 3 }), _time);
        client.Send("""{"realtimeInput":{"text":"go"}}""");
        client.WaitFor("turnComplete");
        var first = client.Frames.First(frame => frame.Frame.ToJsonString().Contains("inlineData", StringComparison.Ordinal)).Ms;
        var generated = client.Frames.Single(frame => Kind(frame.Frame) == "generationComplete").Ms;
        var complete = client.Frames.Single(frame => Kind(frame.Frame).StartsWith("turnComplete", StringComparison.Ordinal)).Ms;

        Assert.Equal(300, first);
        Assert.Equal(first + 2_000, generated, 1.0);
        Assert.Equal(first + 3_000, complete, 1.0);
    }

    [Fact]
    public void ActivityStart_WhilePlaybackIsAssumed_GivesTheSpuriousPair()
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "three seconds", Seconds = 3 }), _time, more: Manual);
        client.Send("""{"realtimeInput":{"text":"go"}}""");
        client.WaitFor("generationComplete");
        client.Send("""{"realtimeInput":{"activityStart":{}}}""");

        Assert.EndsWith("generationComplete interrupted turnComplete handle", Kinds(client), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_InsideAnOpenActivity_IsNotAnswered()
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "Yes" }), _time, more: Manual);
        client.Send("""{"realtimeInput":{"activityStart":{}}}""");
        client.Send("""{"realtimeInput":{"text":"hello?"}}""");
        client.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal("", client.Said());

        client.Send("""{"realtimeInput":{"activityEnd":{}}}""");
        client.WaitFor("turnComplete");
        Assert.Equal("Yes", client.Said());
    }

    [Fact]
    public void Usage_OfEachTurn_RereadsTheContextAndLeavesThoughtsOutOfTheTotal()
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "two seconds", Seconds = 2 }), _time);
        var last = 0;
        for (var turn = 0; turn < 3; turn++)
        {
            client.Send("""{"realtimeInput":{"text":"tell me more about it please"}}""");
            var usage = client.WaitFor("turnComplete")["usageMetadata"]!;
            var prompt = usage["promptTokenCount"]!.GetValue<int>();
            var response = usage["responseTokenCount"]!.GetValue<int>();
            Assert.True(prompt > last + (turn > 0 ? 50 : 0), $"turn {turn}: {prompt} after {last}");
            Assert.Equal(prompt + response, usage["totalTokenCount"]!.GetValue<int>());
            Assert.Equal(71, usage["thoughtsTokenCount"]!.GetValue<int>());
            Assert.True(usage["promptTokensDetails"]!.AsArray().Sum(detail => detail!["tokenCount"]?.GetValue<int>() ?? 0) < prompt);
            Assert.Equal(50, usage["responseTokensDetails"]![0]!["tokenCount"]!.GetValue<int>());
            last = prompt;
        }
    }

    [Fact]
    public void RealSpeech_WithoutTheTestPattern_IsTranscribedAsADuration()
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "Yes" }), _time);
        client.Speak(TestSpeech.Noise(TimeSpan.FromSeconds(1.8), seed: 1, amplitude: 8_000));
        client.Pause(1);

        Assert.Equal(" [1.8 s of speech]", client.Heard());
    }

    [Fact]
    public void QuietNoise_Forever_IsNoTurn()
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "Yes" }), _time);
        client.Speak(TestSpeech.Noise(TimeSpan.FromSeconds(30), seed: 1));

        Assert.Equal("setupComplete handle", Kinds(client));
    }

    [Theory]
    [InlineData(VadClock.Sample, 1.0, "w1 w2|w3")]
    [InlineData(VadClock.Wall, 1.0, "w1 w2|w3")]
    [InlineData(VadClock.Sample, 4.0, "w1 w2|w3")]
    [InlineData(VadClock.Wall, 4.0, "w1 w2 w3")]
    public void Vad_OnFasterThanRealTime_DependsOnItsClock(VadClock clock, double speed, string turns)
    {
        var world = World(new ScriptedReply { Text = "Yes", DelayMs = 60_000 }, new SimulatorKnobs { VadClock = clock });
        var client = VirtualClient.Open(world, _time);
        client.Speak([.. TestSpeech.Words(1, 2), .. TestSpeech.Silence(TimeSpan.FromSeconds(0.8)), .. TestSpeech.Words(3, 1), .. TestSpeech.Silence(TimeSpan.FromSeconds(0.8))], speed);
        client.Advance(TimeSpan.FromSeconds(2));

        var memory = JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(MemoryReport.Memory(world.FindSession(client.SessionId)!)))!;
        var spoken = memory["entries"]!.AsArray().Count(entry => entry!["inTurn"] is not null);
        Assert.Equal(turns.Replace("|", " ", StringComparison.Ordinal), client.Heard().TrimStart());
        Assert.Equal(turns.Split('|').Length, spoken);
    }

    [Theory]
    [InlineData(InputTranscripts.Before)]
    [InlineData(InputTranscripts.After)]
    [InlineData(InputTranscripts.Late)]
    [InlineData(InputTranscripts.Wrong)]
    public void Transcripts_UnderEachKnob_ComeWhenItSays(InputTranscripts knob)
    {
        var client = VirtualClient.Open(World(new ScriptedReply { Text = "Yes", Seconds = 1 }, new SimulatorKnobs { Transcripts = knob }), _time);
        client.SpeakWords(1, 3);
        client.Pause(0.6);
        client.WaitFor("turnComplete");
        client.Advance(TimeSpan.FromSeconds(3));

        var kinds = Kinds(client);
        var expected = knob switch
        {
            InputTranscripts.After => "heard generationComplete turnComplete+usage",
            InputTranscripts.Late => "turnComplete+usage handle heard",
            _ => "setupComplete handle heard unresumable",
        };
        Assert.Contains(expected, kinds, StringComparison.Ordinal);
        Assert.Equal(knob == InputTranscripts.Wrong ? " w1 w2 um" : " w1 w2 w3", client.Heard());
    }
}
