using System.Text;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.Simulator.Speech;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>Random conversations under random knobs and faults, in virtual time: what always holds.</summary>
public sealed class RandomTests
{
    private static readonly string[] Models =
        ["gemini-3.8-live", "gemini-3.8-live-extended-thinking", "gemini-3.1-flash-live-preview", "gemini-2.5-flash-native-audio-latest"];

    private static T Pick<T>(Random random) where T : struct, Enum => random.GetItems(Enum.GetValues<T>(), 1)[0];

    private static SimulatorOptions Options(Random random) => new()
    {
        Seed = random.Next(),
        HandleEvery = random.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(random.Next(200, 3_000)),
        Knobs = new SimulatorKnobs
        {
            HandleCovers = Pick<HandleCoverage>(random),
            HandleComes = Pick<HandleTiming>(random),
            OlderHandle = Pick<OlderHandle>(random),
            VadClock = Pick<VadClock>(random),
            BurstInput = Pick<BurstInput>(random),
            OldSocket = Pick<OldSocketRelease>(random),
            Transcripts = Pick<InputTranscripts>(random),
        },
        Faults = [.. Enumerable.Range(0, random.Next(4)).Select(_ => new FaultRule
        {
            Action = Pick<FaultAction>(random),
            Phase = random.Next(2) == 0 ? null : Pick<FaultPhase>(random),
            AfterMs = random.Next(2) == 0 ? null : random.Next(3_000),
            AfterFrames = random.Next(3) == 0 ? random.Next(1, 50) : null,
            Times = random.Next(1, 3),
            Ms = random.Next(1, 4) * 1_000,
            Then = Pick<GoAwayEnd>(random),
        })],
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Conversation_UnderAnyKnobAndFault_KeepsItsPromises(int batch)
    {
        for (var i = 0; i < 40; i++)
        {
            var seed = (batch * 1_000) + i;
            try
            {
                Converse(seed);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    private static void Converse(int seed)
    {
        var random = new Random(seed);
        var time = new VirtualTime();
        var world = new SimulatorWorld(Options(random));
        var manual = random.Next(2) == 0;
        var model = random.GetItems(Models, 1)[0];
        var received = new Dictionary<string, List<byte>>(StringComparer.Ordinal);
        var word = 1;
        VirtualClient? client = null;
        string? handle = null;
        for (var step = 0; step < 25; step++)
        {
            if (client is null or { Closed: not null } or { Aborted: true })
            {
                Collect(client, received);
                handle = client?.Handle ?? handle;
                client = Dial(world, time, model, manual, random.Next(4) == 0 ? null : handle);
                time.Now += TimeSpan.FromMilliseconds(random.Next(500));
                continue;
            }
            var at = client.Frames.Count;
            switch (random.Next(6))
            {
                case 0:
                    client.Send("""{"realtimeInput":{"text":"hello"}}""");
                    break;
                case 1:
                    client.Advance(TimeSpan.FromMilliseconds(random.Next(8_000)));
                    break;
                case 2:
                    client.Hangup(random.Next(2) == 0 ? 1000 : null);
                    Collect(client, received);
                    handle = client.Handle ?? handle;
                    client = null;
                    break;
                default:
                    var count = random.Next(1, 6);
                    if (manual)
                        client.Send("""{"realtimeInput":{"activityStart":{}}}""");
                    client.Speak(TestSpeech.Words(word, count), random.Next(2) == 0 ? 1 : 4);
                    if (manual)
                        client.Send("""{"realtimeInput":{"activityEnd":{}}}""");
                    else
                        client.Pause(0.7);
                    word += count;
                    break;
            }
            if (client is not null)
                CheckOrder(client, Math.Max(0, at - 1));
        }
        Collect(client, received);

        foreach (var session in world.ReadSessions())
        {
            var id = (string)session!["session"]!;
            // Nothing was sent twice, so nothing may be in the memory twice, and never out of order.
            var words = TestSpeech.Decode(world.ReadUserAudio(id)!).Where(name => name != "?").Select(name => int.Parse(name[1..])).ToList();
            Assert.Equal(words.Distinct().Order(), words);
            Assert.Equal(world.ReadModelAudio(id), received.GetValueOrDefault(id) ?? []);
        }
    }

    private static VirtualClient? Dial(SimulatorWorld world, VirtualTime time, string model, bool manual, string? handle)
    {
        try
        {
            return VirtualClient.Open(world, time, model, manual ? ""","realtimeInputConfig":{"automaticActivityDetection":{"disabled":true}}""" : "", handle);
        }
        catch (InvalidCastException)
        {
            return null; // refused at the dial
        }
    }

    private static void Collect(VirtualClient? client, Dictionary<string, List<byte>> received)
    {
        if (client?.SessionOrNull is not { } session)
            return;
        if (!received.TryGetValue(session, out var audio))
            received[session] = audio = [];
        audio.AddRange(client.Audio());
        client.Frames.Clear();
    }

    /// <summary>An interrupted is followed at once by its turnComplete; a finished generation says nothing more.</summary>
    private static void CheckOrder(VirtualClient client, int from)
    {
        for (var i = from; i < client.Frames.Count; i++)
        {
            var content = client.Frames[i].Frame["serverContent"];
            if (content?["interrupted"] is not null)
                Assert.True(i + 1 == client.Frames.Count || client.Frames[i + 1].Frame["serverContent"]?["turnComplete"] is not null, "interrupted alone");
            if (content?["generationComplete"] is not null && i + 1 < client.Frames.Count)
                Assert.Null(client.Frames[i + 1].Frame["serverContent"]?["modelTurn"]);
        }
    }

    [Fact]
    public void Frame_OfAnyShape_IsAnsweredOrClosedButNeverThrows()
    {
        const int seed = 42;
        var random = new Random(seed);
        string[] frames =
        [
            """{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"],"temperature":0.7},"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}}]}],"realtimeInputConfig":{"automaticActivityDetection":{"disabled":false,"silenceDurationMs":500}},"sessionResumption":{"handle":"x"},"contextWindowCompression":{"triggerTokens":"25000","slidingWindow":{"targetTokens":"8000"}}}}""",
            """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"Hi"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}],"turnComplete":true}}""",
            """{"realtimeInput":{"audio":{"data":"AAAA","mimeType":"audio/pcm;rate=16000"},"video":{"data":"AAAA","mimeType":"image/jpeg"},"text":"x","audioStreamEnd":true}}""",
            """{"toolResponse":{"functionResponses":[{"id":"a","name":"f","response":{"output":1},"scheduling":"SILENT","willContinue":false}]}}""",
            """{"contextUpdate":{"systemInstruction":{"parts":[{"text":"x"}]},"tools":{"tools":[]}}}""",
        ];
        for (var i = 0; i < 4_000; i++)
        {
            var frame = JsonNode.Parse(random.GetItems(frames, 1)[0])!;
            for (var mutations = random.Next(1, 4); mutations > 0; mutations--)
                Mutate(frame, random);
            var bytes = Encoding.UTF8.GetBytes(frame.ToJsonString());
            if (random.Next(4) == 0)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var client = random.Next(2) == 0
                ? VirtualClient.Open(new SimulatorWorld(new SimulatorOptions()), new VirtualTime())
                : new VirtualClient(new SimulatorWorld(new SimulatorOptions()), new VirtualTime());
            try
            {
                client.Send(bytes);
                client.Advance(TimeSpan.FromSeconds(1));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}, frame {i}: {Encoding.UTF8.GetString(bytes)}: {failure.Message}", failure);
            }
        }
    }

    private static void Mutate(JsonNode node, Random random)
    {
        JsonNode? Anything() => random.Next(9) switch
        {
            0 => null,
            1 => JsonValue.Create(random.Next(-5, 100_000)),
            2 => JsonValue.Create(1e40),
            3 => JsonValue.Create("\ud800 lone"),
            4 => JsonValue.Create(true),
            5 => new JsonObject(),
            6 => new JsonArray(),
            7 => new JsonArray(null, JsonValue.Create(1), new JsonObject { ["x"] = 1 }),
            _ => JsonValue.Create("text"),
        };
        switch (node)
        {
            case JsonObject json when json.Count > 0:
                var key = json.ElementAt(random.Next(json.Count)).Key;
                if (random.Next(3) > 0 && json[key] is JsonObject or JsonArray)
                    Mutate(json[key]!, random);
                else
                    json[key] = Anything();
                break;
            case JsonArray array when array.Count > 0:
                var index = random.Next(array.Count);
                if (random.Next(3) > 0 && array[index] is JsonObject or JsonArray)
                    Mutate(array[index]!, random);
                else
                    array[index] = Anything();
                break;
        }
    }
}
