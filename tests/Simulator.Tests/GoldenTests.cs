using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Sessions;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>
/// The frames of one conversation per model, word for word: a turn of speech, a turn with a tool, a barge-in.
/// Golden/*.jsonl is compared with dossier §3 and §9 by eye; a difference writes *.received.jsonl beside it.
/// </summary>
public sealed partial class GoldenTests
{
    [Theory]
    [InlineData("gemini-3.8-live")]
    [InlineData("gemini-3.8-live-extended-thinking")]
    [InlineData("gemini-3.1-flash-live-preview")]
    [InlineData("gemini-2.5-flash-native-audio-latest")]
    public void Conversation_OfEachModel_IsAsRecorded(string model)
    {
        var time = new VirtualTime();
        var world = new SimulatorWorld(new SimulatorOptions
        {
            Scripts =
            [
                new ScriptRule { Contains = "bill", Reply = new ScriptedReply { Text = "It is paid", Seconds = 0.08, ToolCalls = [new ScriptedCall { Name = "get_bill", ArgsJson = """{"account":"7"}""" }] } },
                new ScriptRule { Contains = "long", Reply = new ScriptedReply { Text = "A story", Seconds = 0.3 } },
                new ScriptRule { Reply = new ScriptedReply { Text = "Good \"morning\"", Seconds = 0.08, Thought = "Greeting." } },
            ],
        });
        var client = VirtualClient.Open(world, time, model, ""","tools":[{"functionDeclarations":[{"name":"get_bill"}]}]""");
        client.SpeakWords(1, 2);
        client.Pause(0.6);
        client.WaitFor("turnComplete");
        client.Send("""{"realtimeInput":{"text":"the bill"}}""");
        var id = client.WaitFor("toolCall")["toolCall"]!["functionCalls"]![0]!["id"];
        client.Advance(TimeSpan.FromSeconds(1));
        client.Send("{\"toolResponse\":{\"functionResponses\":[{\"id\":\"" + id + "\",\"name\":\"get_bill\",\"response\":{\"output\":\"ok\"}}]}}");
        client.Advance(TimeSpan.FromSeconds(3));
        client.Send("""{"realtimeInput":{"text":"a long one"}}""");
        client.WaitFor("story");
        client.Send("""{"clientContent":{"turns":[{"role":"user","parts":[{"text":"Stop."}]}],"turnComplete":false}}""");

        var lines = client.Frames.Select(frame => $"{frame.Ms,6:0} {Data().Replace(frame.Frame.ToJsonString(Relaxed), "\"<audio>\"")}");
        Compare(model, string.Join('\n', lines) + "\n");
    }

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static void Compare(string name, string actual, [CallerFilePath] string file = "")
    {
        var golden = Path.Combine(Path.GetDirectoryName(file)!, "Golden", name + ".jsonl");
        var expected = File.Exists(golden) ? File.ReadAllText(golden) : "";
        if (expected != actual)
            File.WriteAllText(Path.ChangeExtension(golden, ".received.jsonl"), actual);
        Assert.Equal(expected, actual);
    }

    [GeneratedRegex("\"[A-Za-z0-9+/=]{100,}\"", RegexOptions.NonBacktracking)]
    private static partial Regex Data();
}
