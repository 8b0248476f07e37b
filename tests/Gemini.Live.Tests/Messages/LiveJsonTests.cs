using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Messages;
using Gemini.Live.Tests.Support;

namespace Gemini.Live.Tests.Messages;

public sealed class LiveJsonTests
{
    public static TheoryData<string, int> Lines
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var side in new[] { "client", "server" })
            {
                for (var line = 0; line < Read(side).Length; line++)
                {
                    data.Add(side, line);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Message_ReadAndWritten_IsTheSameMessage(string side, int line)
    {
        var golden = Read(side)[line];
        var message = Parse(side, golden);
        AssertSame(golden, message);
        Assert.Empty(UnknownsOf(message)); // every member of the golden files is typed
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Message_InSnakeCase_IsReadAsTheSameMessage(string side, int line) =>
        AssertSame(Read(side)[line], Parse(side, Read($"{side}.snake")[line]));

    [Theory]
    [MemberData(nameof(Lines))]
    public void UnknownMembers_AtEveryLevel_SurviveARoundTrip(string side, int line)
    {
        var salted = JsonNode.Parse(Read(side)[line])!;
        var added = Salt(salted);
        Assert.True(added > 0);
        AssertSame(salted.ToJsonString(), Parse(side, salted.ToJsonString()));
    }

    [Fact]
    public void Usage_InVertexNames_IsReadIntoTheSameMembers()
    {
        var message = LiveJson.Read<ServerMessage>("""{"serverContent":{"turnComplete":true,"groundingMetadata":{}},"usageMetadata":{"promptTokenCount":24,"candidatesTokenCount":5,"totalTokenCount":29,"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":5},{"modality":"AUDIO"}]}}"""u8);
        Assert.Equal((24, 5, 29), (message.UsageMetadata!.PromptTokenCount, message.UsageMetadata.ResponseTokenCount, message.UsageMetadata.TotalTokenCount));
        Assert.Equal([("TEXT", 5), ("AUDIO", 0)], message.UsageMetadata.ResponseTokensDetails!.Select(detail => (detail.Modality!, detail.TokenCount)));
        Assert.Equal(7, LiveJson.Read<UsageMetadata>("""{"candidates_token_count":"7"}"""u8).ResponseTokenCount);
        Assert.Contains("\"responseTokenCount\":5", Encoding.UTF8.GetString(LiveJson.Write(message)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"serverContent":{"turnComplete":false,"interrupted":false}}""", """{"serverContent":{}}""")]
    [InlineData("""{"sessionResumptionUpdate":{"resumable":false,"newHandle":null}}""", """{"sessionResumptionUpdate":{}}""")]
    [InlineData("""{"usageMetadata":{"promptTokenCount":0}}""", """{"usageMetadata":{}}""")]
    [InlineData("""{"serverContent":null}""", "{}")]
    public void Defaults_AreLeftOutOnWriting(string read, string written) =>
        Assert.Equal(written, Encoding.UTF8.GetString(LiveJson.Write(LiveJson.Read<ServerMessage>(Encoding.UTF8.GetBytes(read)))));

    [Theory]
    [InlineData("""{"setup":{"contextWindowCompression":{"triggerTokens":25000,"slidingWindow":{"targetTokens":8000}}}}""", """{"setup":{"contextWindowCompression":{"triggerTokens":"25000","slidingWindow":{"targetTokens":"8000"}}}}""")]
    [InlineData("""{"setup":{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}},"proactivity":{"proactiveAudio":false}}}""", """{"setup":{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}},"proactivity":{"proactiveAudio":false}}}""")]
    public void NumbersAndPresence_AreAsProtoJsonHasThem(string read, string written) =>
        Assert.Equal(written, Encoding.UTF8.GetString(LiveJson.Write(LiveJson.Read<ClientMessage>(Encoding.UTF8.GetBytes(read)))));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"setup\":5}")]
    [InlineData("{\"setup\":{\"model\":{}}}")]
    [InlineData("{\"setup\":{\"model\":\"\\ud800\"}}")]
    public void WhatIsNoMessage_IsNotRead(string json)
    {
        Assert.False(LiveJson.TryRead<ClientMessage>(Encoding.UTF8.GetBytes(json), out _));
        Assert.ThrowsAny<Exception>(() => LiveJson.Read<ClientMessage>(Encoding.UTF8.GetBytes(json)));
    }

    private static string[] Read(string name) => Encoding.UTF8.GetString(Golden.Read($"messages/{name}.jsonl")).Split('\n');

    private static WireMessage Parse(string side, string json) => side is "client"
        ? LiveJson.Read<ClientMessage>(Encoding.UTF8.GetBytes(json))
        : LiveJson.Read<ServerMessage>(Encoding.UTF8.GetBytes(json));

    private static void AssertSame(string expected, WireMessage message)
    {
        var written = message is ClientMessage client ? LiveJson.Write(client) : LiveJson.Write((ServerMessage)message);
        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(written)),
            $"expected {expected}\nwritten  {Encoding.UTF8.GetString(written)}");
    }

    private static IEnumerable<string> UnknownsOf(object? value) => value switch
    {
        WireMessage message =>
            (message.Unknown?.Keys ?? Enumerable.Empty<string>()).Concat(
                message.GetType().GetProperties()
                    .Where(property => property.Name is not nameof(WireMessage.Unknown))
                    .SelectMany(property => UnknownsOf(property.GetValue(message)))),
        string or JsonElement => [],
        IEnumerable items => items.Cast<object?>().SelectMany(UnknownsOf),
        _ => [],
    };

    /// <summary>Adds a member that nobody knows to every object.</summary>
    private static int Salt(JsonNode? node)
    {
        var added = 0;
        switch (node)
        {
            case JsonObject json:
                foreach (var (name, value) in json.ToList())
                {
                    added += name is "labels" ? 0 : Salt(value); // a map of strings has no unknown members
                }

                json["brandNew_thing"] = new JsonObject { ["x"] = 1 };
                return added + 1;
            case JsonArray items:
                return items.Sum(Salt);
            default:
                return 0;
        }
    }
}
