using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Setup;
using Gemini.Live.Tests.Support;

namespace Gemini.Live.Tests.Setup;

public sealed class UpstreamSetupTests
{
    public static TheoryData<string> Cases =>
        new(new[] { "gemini-2.5-flash-native-audio", "gemini-3.1-flash-live-preview", "gemini-3.8-live", "gemini-3.8-live-extended-thinking" }
            .SelectMany(model => new[] { $"{model}.camel", $"{model}.snake" }));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Write_ForEachModelAndSpelling_IsTheGoldenFrame(string name)
    {
        var plan = Plan(Golden.Read($"setup/{name}.client.json"));
        Golden.Expect($"setup/{name}.fresh.json", UpstreamSetup.Write(plan, handle: null));
        Golden.Expect($"setup/{name}.resumed.json", UpstreamSetup.Write(plan, "ours-1"));
        Assert.False(UpstreamSetup.PresentsHandle(UpstreamSetup.Write(plan, handle: null)));
        Assert.True(UpstreamSetup.PresentsHandle(UpstreamSetup.Write(plan, "ours-1")));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Write_KeepsEveryOtherMemberByteByByte(string name)
    {
        var client = Golden.Read($"setup/{name}.client.json");
        using var sent = JsonDocument.Parse(client);
        using var written = JsonDocument.Parse(UpstreamSetup.Write(Plan(client), "h"));
        foreach (var member in sent.RootElement.GetProperty("setup").EnumerateObject())
        {
            if (member.Name is "sessionResumption" or "session_resumption" or "contextWindowCompression" or "context_window_compression")
            {
                continue;
            }

            Assert.Equal(member.Value.GetRawText(), written.RootElement.GetProperty("setup").GetProperty(member.Name).GetRawText());
        }
    }

    [Theory]
    [InlineData("""{"setup":{"model":"m"}}""", """{"setup":{"model":"m","sessionResumption":{},"inputAudioTranscription":{},"outputAudioTranscription":{},"contextWindowCompression":{"slidingWindow":{}}}}""")]
    [InlineData("""{"setup":{"model":"m","input_audio_transcription":null,"outputAudioTranscription":{"mode":"SMART"},"context_window_compression":{ }}}""", """{"setup":{"model":"m","outputAudioTranscription":{"mode":"SMART"},"sessionResumption":{},"inputAudioTranscription":{},"contextWindowCompression":{"slidingWindow":{}}}}""")]
    [InlineData("""{"setup":{"session_resumption":{"transparent":true},"model":"m","contextWindowCompression":{"triggerTokens":"9"}}}""", """{"setup":{"model":"m","contextWindowCompression":{"triggerTokens":"9"},"sessionResumption":{},"inputAudioTranscription":{},"outputAudioTranscription":{}}}""")]
    public void Write_AddsOnlyWhatIsAbsent(string client, string upstream) =>
        Assert.Equal(upstream, Encoding.UTF8.GetString(UpstreamSetup.Write(Plan(Encoding.UTF8.GetBytes(client)), null)));

    [Theory]
    [InlineData("""{"setup":{"model":"models/m","labels":{"model":"kept"}}}""", """{"setup":{"labels":{"model":"kept"},"model":"projects/p/m","sessionResumption":{},"inputAudioTranscription":{},"outputAudioTranscription":{},"contextWindowCompression":{"slidingWindow":{}}}}""")]
    [InlineData("""{"setup":{"session_resumption":{"transparent":true},"model":"twice","labels":{}, "model":"models/m"}}""", """{"setup":{"labels":{},"model":"projects/p/m","sessionResumption":{},"inputAudioTranscription":{},"outputAudioTranscription":{},"contextWindowCompression":{"slidingWindow":{}}}}""")]
    [InlineData("""{"setup":{"model":"projects/p/m"}}""", """{"setup":{"model":"projects/p/m","sessionResumption":{},"inputAudioTranscription":{},"outputAudioTranscription":{},"contextWindowCompression":{"slidingWindow":{}}}}""")]
    public void Write_ForAnEndpointWithAnotherName_ChangesTheModelAndNothingElse(string client, string upstream) =>
        Assert.Equal(upstream, Encoding.UTF8.GetString(UpstreamSetup.Write(Plan(Encoding.UTF8.GetBytes(client)), null, "projects/p/m")));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Write_ForVertex_KeepsEveryOtherByte(string name)
    {
        var plan = Plan(Golden.Read($"setup/{name}.client.json"));
        var own = Encoding.UTF8.GetString(UpstreamSetup.Write(plan, "h"));
        var vertex = Encoding.UTF8.GetString(UpstreamSetup.Write(plan, "h", "publishers/google/models/x"));
        using var read = JsonDocument.Parse(vertex);
        Assert.Equal("publishers/google/models/x", read.RootElement.GetProperty("setup").GetProperty("model").GetString());
        using var before = JsonDocument.Parse(own);
        foreach (var member in before.RootElement.GetProperty("setup").EnumerateObject().Where(m => m.Name != "model"))
        {
            Assert.Equal(member.Value.GetRawText(), read.RootElement.GetProperty("setup").GetProperty(member.Name).GetRawText());
        }
    }

    [Fact]
    public void Write_AHandleWithOddCharacters_IsEscaped()
    {
        using var written = JsonDocument.Parse(UpstreamSetup.Write(Plan("{\"setup\":{\"model\":\"m\"}}"u8), "a\"\\\né"));
        Assert.Equal("a\"\\\né", written.RootElement.GetProperty("setup").GetProperty("sessionResumption").GetProperty("handle").GetString());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Plan_ThroughTheJournal_WritesTheSameSetup(string name)
    {
        var plan = Plan(Golden.Read($"setup/{name}.client.json"));
        using var journal = JsonDocument.Parse(JsonSerializer.Serialize(plan.Setup));
        var again = SetupPlan.FromJournal(journal.RootElement);
        Assert.Equal(plan.Hash, again.Hash);
        Assert.Null(again.Handle);
        Assert.Equal(plan with { Handle = null, Setup = again.Setup }, again);
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(UpstreamSetup.Write(plan, "x")), JsonNode.Parse(UpstreamSetup.Write(again, "x"))));
    }

    private static SetupPlan Plan(ReadOnlySpan<byte> frame)
    {
        Assert.True(SetupPlan.TryRead(frame, out var plan, out var fault), fault.Reason);
        return plan;
    }
}
