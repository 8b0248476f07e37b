using System.Text;
using Gemini.Live.Scanning;

namespace Gemini.Live.Tests.Scanning;

public sealed class FrameScannerTests
{
    [Theory]
    [InlineData("{}", ServerParts.None)]
    [InlineData("{\"serverContent\":{}}", ServerParts.ServerContent)]
    [InlineData("{\"server_content\":{\"turn_complete\":true}}", ServerParts.ServerContent | ServerParts.TurnComplete)]
    [InlineData("{\"serverContent\":{\"turnComplete\":false}}", ServerParts.ServerContent)]
    [InlineData("{\"serverContent\":{\"turnComplete\":true,\"interactionStatus\":\"IN_PROGRESS\"}}", ServerParts.ServerContent | ServerParts.TurnComplete | ServerParts.InteractionInProgress)]
    [InlineData("{\"toolCall\":{},\"interaction_status\":\"IDLE\"}", ServerParts.ToolCall | ServerParts.InteractionIdle)]
    [InlineData("{\"serverContent\":{\"modelTurn\":{\"parts\":[{\"text\":\"x\",\"thought\":true}]}}}", ServerParts.ServerContent | ServerParts.ModelThought)]
    [InlineData("{\"serverContent\":{\"outputTranscription\":{\"finished\":true}}}", ServerParts.ServerContent | ServerParts.OutputTranscription)]
    [InlineData("{\"voiceActivity\":{\"type\":\"ACTIVITY_START\"}}", ServerParts.VoiceActivity)]
    [InlineData("{\"newThing\":{}}", ServerParts.Unknown)]
    public void ServerFrame_GivesItsParts(string json, ServerParts parts)
    {
        Assert.True(FrameScanner.TryScanServer(Encoding.UTF8.GetBytes(json), out var frame, out _));
        Assert.Equal(parts, frame.Parts);
    }

    [Fact]
    public void ServerAudio_IsMeasuredAndNotCopied()
    {
        var json = $"{{\"serverContent\":{{\"modelTurn\":{{\"parts\":[{{\"inlineData\":{{\"mimeType\":\"audio/pcm;rate=24000\",\"data\":\"{Convert.ToBase64String(new byte[1921])}\"}}}}]}},\"outputTranscription\":{{\"text\":\"It \\u0069s\"}}}},\"usageMetadata\":{{\"totalTokenCount\":5}}}}";
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.True(FrameScanner.TryScanServer(bytes, out var frame, out _));
        Assert.Equal(1921, frame.AudioBytes);
        Assert.Equal("It is", FrameScanner.ReadText(bytes, frame.OutputText));
        Assert.Equal("{\"totalTokenCount\":5}", Encoding.UTF8.GetString(frame.Usage.Of(bytes)));
        Assert.Equal("\"outputTranscription\":{\"text\":\"It \\u0069s\"}", Encoding.UTF8.GetString(frame.OutputTranscriptionMember.Of(bytes)));
    }

    [Theory]
    [InlineData("", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("[]", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("5", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("{\"setup\":{}", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("{\"setup\":{}} x", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("\uFEFF{\"setup\":{}}", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("{}", "Request contains an invalid argument.")]
    [InlineData("{\"setup\":null}", "Request contains an invalid argument.")]
    [InlineData("{\"config\":{}}", "Invalid JSON payload received. Unknown name \"config\": Cannot find field.")]
    [InlineData("{\"setup\":5}", "Invalid value at 'setup'.")]
    [InlineData("{\"setup\":{},\"realtime_input\":{}}", "Invalid value (oneof), oneof field 'message_type' is already set. Cannot set 'realtime_input'")]
    public void ClientFrame_ThatIsNotOne_IsRefusedInGooglesWords(string json, string reason)
    {
        Assert.False(FrameScanner.TryScanClient(Encoding.UTF8.GetBytes(json), out _, out var fault));
        Assert.Equal(new WireFault(1007, reason), fault);
    }

    [Fact]
    public void Nesting_BeyondTheBound_IsRefusedWithoutACrash()
    {
        var deep = Encoding.UTF8.GetBytes("{\"setup\":" + string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_001));
        Assert.False(FrameScanner.TryScanClient(deep, out _, out _));
        Assert.False(FrameScanner.TryScanServer(deep, out _, out _));
        var fine = Encoding.UTF8.GetBytes("{\"setup\":" + string.Concat(Enumerable.Repeat("{\"a\":", 90)) + "1" + new string('}', 91));
        Assert.True(FrameScanner.TryScanClient(fine, out _, out _));
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a\\n\\t\\\"\\\\\\/\\u00e9", "a\n\t\"\\/é")]
    [InlineData("\\ud83d\\ude00", "😀")]
    [InlineData("\\ud83dx", "\uFFFDx")]
    [InlineData("x\\ude00", "x\uFFFD")]
    [InlineData("\\", "\\")]
    [InlineData("\\u12", "u12")]
    public void ReadText_UndoesEscapes(string escaped, string text) =>
        Assert.Equal(text, FrameScanner.ReadText(Encoding.UTF8.GetBytes(escaped), new FrameSlice(0, Encoding.UTF8.GetByteCount(escaped))));

    [Fact]
    public void ReadText_OfBrokenUtf8_ReplacesIt() =>
        Assert.Equal("a\uFFFDb", FrameScanner.ReadText([(byte)'a', 0xFF, (byte)'b'], new FrameSlice(0, 3)));

    [Fact]
    public void AudioFrames_BothWays_AreScannedWithoutAllocating()
    {
        var client = Encoding.UTF8.GetBytes($"{{\"realtimeInput\":{{\"audio\":{{\"mimeType\":\"audio/pcm;rate=16000\",\"data\":\"{Convert.ToBase64String(new byte[640])}\"}}}}}}");
        var server = Encoding.UTF8.GetBytes($"{{\"serverContent\":{{\"modelTurn\":{{\"parts\":[{{\"inlineData\":{{\"mimeType\":\"audio/pcm;rate=24000\",\"data\":\"{Convert.ToBase64String(new byte[960])}\"}}}}]}},\"outputTranscription\":{{\"text\":\"Hi\"}}}}}}");
        var found = 0;
        for (var round = 0; round < 2; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1000; i++)
            {
                FrameScanner.TryScanClient(client, out var input, out _);
                FrameScanner.TryScanServer(server, out var output, out _);
                found += input.AudioData.Length + output.AudioBytes;
                found += Gemini.Live.Audio.PcmLevel.IsVoiced(input.AudioData.Of(client), -50) ? 1 : 0;
            }

            Assert.True(round == 0 || GC.GetAllocatedBytesForCurrentThread() == before);
        }

        Assert.Equal(2000 * (856 + 960), found);
    }
}
