using System.Buffers;
using System.Text;
using Gemini.Live.Scanning;

namespace Gemini.Live.Tests.Scanning;

public sealed class VertexFramesTests
{
    [Theory]
    [InlineData(
        """{"serverContent":{"modelTurn":{"role":"model","parts":[{"inlineData":{"mimeType":"audio/pcm","data":"AAAA"}},{"inlineData":{"data":"AAAA","mimeType": "audio/pcm"}}]}}}""",
        """{"serverContent":{"modelTurn":{"role":"model","parts":[{"inlineData":{"mimeType":"audio/pcm;rate=24000","data":"AAAA"}},{"inlineData":{"data":"AAAA","mimeType": "audio/pcm;rate=24000"}}]}}}""")]
    [InlineData(
        """{"serverContent":{"turnComplete":true,"groundingMetadata":{}},"usageMetadata":{"promptTokenCount":24,"candidatesTokenCount":5,"totalTokenCount":29,"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":5},{"modality":"AUDIO"}]}}""",
        """{"serverContent":{"turnComplete":true,"groundingMetadata":{}},"usageMetadata":{"promptTokenCount":24,"responseTokenCount":5,"totalTokenCount":29,"responseTokensDetails":[{"modality":"TEXT","tokenCount":5},{"modality":"AUDIO"}]}}""")]
    public void Frame_WithVertexWords_GetsThoseOfTheDeveloperApi(string vertex, string developer) => Assert.Equal(developer, Translate(vertex));

    [Theory]
    [InlineData("""{"setupComplete":{"sessionId":"3f0e"}}""")]
    [InlineData("""{"serverContent":{"outputTranscription":{}}}""")]
    [InlineData("""{"serverContent":{"outputTranscription":{"finished":true}}}""")]
    [InlineData("""{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"mimeType":"audio/pcm;rate=24000","data":"AAAA"}}]}}}""")]
    [InlineData("""{"serverContent":{"outputTranscription":{"text":"say \"candidatesTokenCount\" and \"audio/pcm\""}}}""")]
    [InlineData("""{"toolCall":{"functionCalls":[{"id":"1","name":"play","args":{"format":"audio/pcm","candidatesTokenCount":1}}]}}""")]
    [InlineData("{}")]
    public void Frame_WithoutThem_IsLeftAlone(string frame) => Assert.Null(Translate(frame));

    /// <summary>The dossier's recordings of Vertex (§9) are read for what they are.</summary>
    [Theory]
    [InlineData("""{"setupComplete":{"sessionId":"3f0e"}}""", ServerParts.SetupComplete)]
    [InlineData("""{"serverContent":{"outputTranscription":{}}}""", ServerParts.ServerContent | ServerParts.OutputTranscription)]
    [InlineData("""{"serverContent":{"outputTranscription":{"finished":true}}}""", ServerParts.ServerContent | ServerParts.OutputTranscription)]
    [InlineData("""{"serverContent":{"modelTurn":{"role":"model","parts":[{"inlineData":{"mimeType":"audio/pcm","data":"AAAA"}}]}}}""", ServerParts.ServerContent | ServerParts.ModelAudio)]
    [InlineData("""{"serverContent":{"turnComplete":true,"groundingMetadata":{}},"usageMetadata":{"candidatesTokenCount":5}}""", ServerParts.ServerContent | ServerParts.TurnComplete | ServerParts.OtherContent | ServerParts.Usage)]
    public void Scanner_KnowsFramesOfVertex(string frame, ServerParts parts)
    {
        Assert.True(FrameScanner.TryScanServer(Encoding.UTF8.GetBytes(frame), out var scan, out _));
        Assert.Equal(parts, scan.Parts);
        Assert.Null(FrameEditor.SplitTurnEnd(Encoding.UTF8.GetBytes(frame)));
    }

    private static string? Translate(string frame)
    {
        var to = new ArrayBufferWriter<byte>();
        if (VertexFrames.TryTranslate(Encoding.UTF8.GetBytes(frame), to))
        {
            return Encoding.UTF8.GetString(to.WrittenSpan);
        }

        Assert.Equal(0, to.WrittenCount);
        return null;
    }
}
