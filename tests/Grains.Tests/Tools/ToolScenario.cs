using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Grains.Tools;

namespace Orchestrator.Grains.Tests.Tools;

/// <summary>Tool rounds on a <see cref="Scenario"/>: what either side reads of them.</summary>
internal static class ToolScenario
{
    public static Scenario Call(this Scenario s, params (string Id, string Name, string Args)[] calls) => s.Apply(new ConversationInput.LinkMessage(
        s.Link,
        new ServerNotice(ServerParts.ToolCall)
        {
            Calls = [.. calls.Select(call => new ToolRequest(call.Id, call.Name, JsonElement.Parse(call.Args))
            {
                Frame = JsonElement.Parse($$"""{"id":"{{call.Id}}","name":"{{call.Name}}","args":{{call.Args}},"extra":1}"""),
            })],
        }));

    public static Scenario Withdraw(this Scenario s, params string[] ids) => s.Apply(new ConversationInput.LinkMessage(
        s.Link, new ServerNotice(ServerParts.ToolCallCancellation) { CancelledCalls = [.. ids] }));

    /// <summary>The client answers; each result is a whole <c>functionResponses</c> member.</summary>
    public static Scenario Answer(this Scenario s, params string[] members)
    {
        var seq = s.State.Media.LastInput + 1;
        MediaPath.ObserveInput(s.State, seq, InputTraits.ToolResponse, 0, s.Now);
        s.State.Media.SentTo = seq;
        return s.Apply(new ConversationInput.ClientAnsweredTools(seq, [.. members.Select(Result)]));
    }

    public static Scenario AnswerFor(this Scenario s, string id, string value = "1") => s.Answer("{\"id\":\"" + id + "\",\"name\":\"f\",\"response\":{\"output\":" + value + "}}");

    /// <summary>A question by voice, over.</summary>
    public static Scenario Asked(this Scenario s) => s.Audio(600).Audio(1_000, voiced: false).Transcribed("question");

    /// <summary>The model's ids that results went up under, in the last step; of frames of our own.</summary>
    public static ImmutableArray<JsonObject> SentUp(this IEnumerable<Effect> effects) =>
        [.. effects.OfType<Effect.SendUpstream>().Select(sent => Parse(sent.Frame)).SelectMany(frame => frame["toolResponse"]?["functionResponses"]?.AsArray().Select(member => member!.AsObject()) ?? [])];

    /// <summary>Frames of our own to the client.</summary>
    public static ImmutableArray<JsonObject> SentDown(this IEnumerable<Effect> effects) => [.. effects.OfType<Effect.SendToClient>().Select(sent => Parse(sent.Frame))];

    /// <summary>What the model was told in words.</summary>
    public static ImmutableArray<string> Told(this IEnumerable<Effect> effects) =>
        [.. effects.OfType<Effect.SendUpstream>().Select(sent => Parse(sent.Frame)["realtimeInput"]?["text"]?.GetValue<string>()).OfType<string>()];

    /// <summary>The seed's messages.</summary>
    public static ImmutableArray<string> Seeded(this IEnumerable<Effect> effects) =>
        [.. effects.OfType<Effect.SendUpstream>().Select(sent => Parse(sent.Frame)["clientContent"]?["turns"]).OfType<JsonArray>()
            .SelectMany(turns => turns.Select(turn => turn!["parts"]![0]!["text"]!.GetValue<string>()))];

    private static JsonObject Parse(ReadOnlyMemory<byte> frame) => JsonNode.Parse(Encoding.UTF8.GetString(frame.Span))!.AsObject();

    private static ToolResult Result(string member)
    {
        var json = JsonElement.Parse(member);
        return new ToolResult(
            json.GetProperty("id").GetString()!,
            json.GetProperty("name").GetString()!,
            json.GetProperty("response"),
            json.TryGetProperty("willContinue", out var more) && more.GetBoolean())
        {
            Frame = json,
            IsSilent = json.TryGetProperty("scheduling", out var scheduling) && scheduling.GetString() == "SILENT",
        };
    }
}
