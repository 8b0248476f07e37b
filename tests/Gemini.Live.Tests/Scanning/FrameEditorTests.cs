using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Scanning;

namespace Gemini.Live.Tests.Scanning;

public sealed class FrameEditorTests
{
    [Theory]
    [InlineData("{\"serverContent\":{\"inputTranscription\":{\"text\":\"a\"}}}", "{\"serverContent\":{}}")]
    [InlineData("{\"serverContent\":{\"inputTranscription\":{},\"turnComplete\":true}}", "{\"serverContent\":{\"turnComplete\":true}}")]
    [InlineData("{\"serverContent\":{\"turnComplete\":true,\"inputTranscription\":{},\"outputTranscription\":{}}}", "{\"serverContent\":{\"turnComplete\":true}}")]
    [InlineData("{\"serverContent\":{\"turnComplete\":true , \"outputTranscription\":{} , \"inputTranscription\":{} } }", "{\"serverContent\":{\"turnComplete\":true } }")]
    [InlineData("{\"serverContent\":{\"outputTranscription\":{},\"interrupted\":true,\"inputTranscription\":{}},\"usageMetadata\":{}}", "{\"serverContent\":{\"interrupted\":true},\"usageMetadata\":{}}")]
    [InlineData("{\"serverContent\":{\"turnComplete\":true}}", "{\"serverContent\":{\"turnComplete\":true}}")]
    public void WriteWithout_TheTranscriptions_LeavesTheRestAsItWas(string json, string expected) =>
        Assert.Equal(expected, Strip(json));

    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    public void WriteWithout_OnRandomFrames_RemovesExactlyTheMembers(int seed)
    {
        var frames = new RandomFrames(seed);
        var stripped = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var json = frames.Server();
            if (HasDuplicates(json))
            {
                continue;
            }

            var result = Strip(json);
            var expected = JsonNode.Parse(json)!;
            foreach (var content in new[] { "serverContent", "server_content" }.Select(name => expected[name] as JsonObject))
            {
                foreach (var name in new[] { "inputTranscription", "input_transcription", "outputTranscription", "output_transcription" })
                {
                    stripped += content?[name] is JsonObject && content.Remove(name) ? 1 : 0;
                }
            }

            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(result)), $"seed {seed} frame {i}: {json}\ngave {result}");
        }

        Assert.InRange(stripped, 500, int.MaxValue);
    }

    [Fact]
    public void SplitTurnEnd_OfABundledFrame_PutsTheContentFirst()
    {
        var split = FrameEditor.SplitTurnEnd(
            "{\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"x\"}]},\"turnComplete\":true,\"generationComplete\":true,\"interactionStatus\":\"IDLE\",\"turnCompleteReason\":\"OK\"},\"usageMetadata\":{\"totalTokenCount\":3}}"u8);
        Assert.NotNull(split);
        Assert.Equal("{\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"x\"}]},\"generationComplete\":true}}", Encoding.UTF8.GetString(split.Value.Content));
        Assert.Equal(
            "{\"serverContent\":{\"turnComplete\":true,\"interactionStatus\":\"IDLE\",\"turnCompleteReason\":\"OK\"},\"usageMetadata\":{\"totalTokenCount\":3}}",
            Encoding.UTF8.GetString(split.Value.TurnEnd));
    }

    [Theory]
    [InlineData("{\"serverContent\":{\"turnComplete\":true},\"usageMetadata\":{}}")]
    [InlineData("{\"serverContent\":{\"turnComplete\":true,\"groundingMetadata\":{}}}")]
    [InlineData("{\"serverContent\":{\"turnComplete\":false,\"interrupted\":true}}")]
    [InlineData("{\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"x\"}]}}}")]
    [InlineData("{")]
    public void SplitTurnEnd_WithNothingToSplit_IsNull(string json) =>
        Assert.Null(FrameEditor.SplitTurnEnd(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void SplitTurnEnd_OnRandomFrames_LosesNothingAndEndsTheTurnLast()
    {
        var frames = new RandomFrames(31);
        var splits = 0;
        for (var i = 0; i < 60_000; i++)
        {
            var json = frames.Server();
            if (HasDuplicates(json) || FrameEditor.SplitTurnEnd(Encoding.UTF8.GetBytes(json)) is not { } split)
            {
                continue;
            }

            splits++;
            Assert.True(FrameScanner.TryScanServer(Encoding.UTF8.GetBytes(json), out var whole, out _));
            Assert.True(FrameScanner.TryScanServer(split.Content, out var content, out _), json);
            Assert.True(FrameScanner.TryScanServer(split.TurnEnd, out var end, out _), json);
            Assert.False(content.Has(ServerParts.TurnComplete | ServerParts.Usage | ServerParts.InteractionIdle | ServerParts.InteractionInProgress));
            Assert.True(end.Has(ServerParts.TurnComplete));
            Assert.True((content.Parts | end.Parts) == whole.Parts, $"{json}\n{whole.Parts}\n{content.Parts} + {end.Parts}");
            Assert.Equal(whole.AudioBytes, content.AudioBytes);
        }

        Assert.InRange(splits, 200, int.MaxValue);
    }

    private static string Strip(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.True(FrameScanner.TryScanServer(bytes, out var frame, out _));
        var output = new ArrayBufferWriter<byte>();
        FrameEditor.WriteWithout(bytes, [frame.OutputTranscriptionMember, frame.InputTranscriptionMember], output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>Upstream sends no duplicates; a document cannot say what removing one of two means.</summary>
    private static bool HasDuplicates(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Check(document.RootElement);

        static bool Check(JsonElement element) => element.ValueKind switch
        {
            JsonValueKind.Object =>
                element.EnumerateObject().GroupBy(member => member.Name.Replace("_", "", StringComparison.Ordinal), StringComparer.OrdinalIgnoreCase).Any(group => group.Count() > 1)
                || element.EnumerateObject().Any(member => Check(member.Value)),
            JsonValueKind.Array => element.EnumerateArray().Any(Check),
            _ => false,
        };
    }
}
