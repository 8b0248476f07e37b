using System.Net;
using System.Net.Sockets;
using System.Text;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>Habits of real clients that are not the JavaScript one: the Python SDK and the LiveKit plugin.</summary>
public sealed class OtherClientsTests(OtherClientsTests.OneWorld fixture) : IClassFixture<OtherClientsTests.OneWorld>
{
    private const string Answer = "Good to hear you.";

    public sealed class OneWorld : IAsyncLifetime
    {
        private World? world;

        public World World => world!;

        public async ValueTask InitializeAsync() => world = await World.StartAsync(null, World.Says(Answer, seconds: 0.5));

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }

    private string Url => fixture.World.Orchestrator.Url;

    [Theory]
    [InlineData("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")]
    [InlineData("/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent")] // @google/genai 3
    [InlineData("/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent")]
    [InlineData("//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")]
    [InlineData("//ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent")]
    public async Task Dial_OnEveryPathThatClientsUse_IsAnswered(string path)
    {
        await using var client = await RawLiveClient.ConnectAsync(Url, path: path);
        await client.SetUpAsync();

        Assert.Equal(client.ConversationHeader, client.ConversationId);
        Assert.Equal(32, client.ConversationId.Length);
        Assert.Equal(0, client.TextFrames); // Google sends binary frames only, and clients rely on it
    }

    [Fact]
    public async Task PythonClient_WithSnakeCaseEnvelopes_HasAConversation()
    {
        using var folder = new TempDirectory();
        var speech = await Recordings.PcmAsync(folder, 2);
        await using var client = await RawLiveClient.ConnectAsync(Url);
        await client.SendAsync("""
            {"setup":{"model":"models/gemini-3.8-live","generation_config":{"response_modalities":["AUDIO"]},"output_audio_transcription":{},
             "realtime_input_config":{"automatic_activity_detection":{"disabled":true},"turn_coverage":"TURN_INCLUDES_ONLY_ACTIVITY"},"session_resumption":{}}}
            """);
        var complete = await client.NextAsync(m => m.TryGetProperty("setupComplete", out _), "setupComplete");
        var conversation = complete.GetProperty("setupComplete").GetProperty("sessionId").GetString()!;

        await client.SendAsync("""{"realtime_input":{"activityStart":{}}}""");
        await client.SendAsync($"{{\"realtime_input\":{{\"audio\":{{\"data\":\"{Convert.ToBase64String(speech)}\",\"mime_type\":\"audio/pcm;rate=16000\"}}}}}}");
        await client.SendAsync("""{"realtime_input":{"activityEnd":{}}}""");
        await client.TurnCompleteAsync();
        await client.SendAsync("""{"client_content":{"turns":[{"role":"user","parts":[{"text":"And by text?"}]}],"turn_complete":true}}""");
        await client.TurnCompleteAsync();

        await fixture.World.Simulator.Oracle.SessionThatHeardAsync(speech);
        var turns = await fixture.World.Orchestrator.Api().TurnsAsync(conversation);
        Assert.Equal(2, turns.Count);
        Assert.Equal("And by text?", turns[1].GetProperty("user").GetProperty("text").GetString()!.Trim());
    }

    [Fact]
    public async Task LiveKitClient_ThatClosesWithoutACode_IsAnsweredWith1000()
    {
        // By hand: .NET's client cannot send a close frame without a code. LiveKit takes an echoed empty close for an error.
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, fixture.World.Orchestrator.Port);
        var stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {RawLiveClient.Path}?key=acme-key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        await stream.WriteAsync(Frame(opcode: 1, Encoding.UTF8.GetBytes(RawLiveClient.SetupJson())));
        var received = new List<byte>();
        await ReadUntilAsync(stream, received, () => Encoding.Latin1.GetString([.. received]).Contains("setupComplete", StringComparison.Ordinal));

        await stream.WriteAsync(Frame(opcode: 8, []));
        await ReadUntilAsync(stream, received, () => false);

        // A close frame with 1000 and no reason is the last thing that the server says.
        Assert.Equal([0x88, 0x02, 0x03, 0xE8], received[^4..]);
    }

    [Fact]
    public async Task Client_WithoutTranscriptionInItsSetup_GetsNoneButTheTranscriptHasIt()
    {
        using var folder = new TempDirectory();
        await using var client = await RawLiveClient.ConnectAsync(Url);
        await client.SendAsync("""
            {"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"]},
             "realtimeInputConfig":{"automaticActivityDetection":{"disabled":true},"turnCoverage":"TURN_INCLUDES_ONLY_ACTIVITY"}}}
            """);
        var complete = await client.NextAsync(m => m.TryGetProperty("setupComplete", out _), "setupComplete");
        await client.SpeakAsync(await Recordings.PcmAsync(folder));
        List<string> seen = [];
        await client.NextAsync(
            m =>
            {
                seen.Add(m.GetRawText());
                return RawLiveClient.IsTurnComplete(m);
            },
            "turnComplete");

        Assert.DoesNotContain(seen, m => m.Contains("Transcription", StringComparison.Ordinal));
        Assert.DoesNotContain(seen, m => m.Contains("sessionResumptionUpdate", StringComparison.Ordinal)); // nor handles: it did not ask
        var turn = Assert.Single(await fixture.World.Orchestrator.Api().TurnsAsync(complete.GetProperty("setupComplete").GetProperty("sessionId").GetString()!));
        Assert.Equal(Answer, turn.GetProperty("model").GetProperty("text").GetString()!.Trim());
        Assert.NotEqual("", turn.GetProperty("user").GetProperty("text").GetString());
    }

    [Fact]
    public async Task Conversation_OfAnotherTenant_DoesNotExist()
    {
        await using var client = await RawLiveClient.ConnectAsync(Url);
        await client.SetUpAsync();
        var foreign = fixture.World.Orchestrator.Api("globex-key");

        foreach (var path in new[] { "", "/transcript", "/events", "/usage" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await foreign.SendAsync(HttpMethod.Get, $"/v1/conversations/{client.ConversationId}{path}")).Status);
        }
        Assert.Equal(HttpStatusCode.NotFound, (await foreign.SendAsync(HttpMethod.Delete, $"/v1/conversations/{client.ConversationId}")).Status);
        Assert.DoesNotContain(client.ConversationId, (await foreign.GetAsync("/v1/conversations")).GetRawText(), StringComparison.Ordinal);
        Assert.Contains(client.ConversationId, (await fixture.World.Orchestrator.Api().GetAsync("/v1/conversations")).GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>A client frame, masked with zeros.</summary>
    private static byte[] Frame(byte opcode, byte[] payload)
    {
        byte[] length = payload.Length < 126 ? [(byte)(0x80 | payload.Length)] : [0x80 | 126, (byte)(payload.Length >> 8), (byte)payload.Length];
        return [(byte)(0x80 | opcode), .. length, 0, 0, 0, 0, .. payload];
    }

    private static async Task ReadUntilAsync(NetworkStream stream, List<byte> received, Func<bool> enough)
    {
        var buffer = new byte[4096];
        while (!enough())
        {
            var read = await Patience.For(stream.ReadAsync(buffer).AsTask(), "bytes from the server", state: () => Encoding.Latin1.GetString([.. received]));
            if (read == 0)
            {
                return;
            }
            received.AddRange(buffer.AsSpan(0, read));
        }
    }
}
