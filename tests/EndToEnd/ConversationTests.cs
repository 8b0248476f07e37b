using System.Net;
using System.Text.Json;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>What happens inside conversations, seen from both ends and in the records.</summary>
public sealed class ConversationTests
{
    [Fact]
    public async Task User_WhoBargesIn_IsAnsweredAndTheRecordSaysThatTheReplyWasCutShort()
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(null, World.Says("A long story that nobody will hear to its very end.", seconds: 8));
        var speech = await Recordings.PcmAsync(folder);
        await using var client = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await client.SetUpAsync();
        await client.SpeakAsync(speech);
        await Patience.Until(() => Task.FromResult(client.Audio.Length > 48_000), "a second of the reply");

        await client.SpeakAsync(speech);
        await client.NextAsync(m => m.TryGetProperty("serverContent", out var c) && c.TryGetProperty("interrupted", out _), "interrupted");
        var heard = client.Audio.Length;
        await client.TurnCompleteAsync();
        Assert.Equal(heard, client.Audio.Length); // nothing more of a reply that was cut
        await client.TurnCompleteAsync();

        var turns = await world.Orchestrator.Api().TurnsAsync(client.ConversationId);
        Assert.Equal(["interrupted", "completed"], turns.Select(t => t.GetProperty("ending").GetString()!.ToLowerInvariant()));
        Assert.True(Said(turns[0]).Length < Said(turns[1]).Length, $"\"{Said(turns[0])}\" should be shorter than \"{Said(turns[1])}\".");
    }

    [Fact]
    public async Task Model_ThatCallsATool_GetsTheAnswerOnceAndTheRecordHasBoth()
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(
            null,
            [
                ("Scripts:0:Turn", "1"),
                ("Scripts:0:Reply:Text", "It is raining."),
                ("Scripts:0:Reply:Seconds", "0.4"),
                ("Scripts:0:Reply:ToolCalls:0:Name", "get_weather"),
                ("Scripts:0:Reply:ToolCalls:0:ArgsJson", """{"city":"Basel"}"""),
            ]);
        await using var client = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await client.SendAsync("""
            {"setup":{"model":"models/gemini-2.5-flash-native-audio-preview-12-2025","generationConfig":{"responseModalities":["AUDIO"]},
             "tools":[{"functionDeclarations":[{"name":"get_weather","parameters":{"type":"OBJECT","properties":{"city":{"type":"STRING"}}}}]}],
             "realtimeInputConfig":{"automaticActivityDetection":{"disabled":true}}}}
            """);
        var id = (await client.NextAsync(m => m.TryGetProperty("setupComplete", out _), "setupComplete")).GetProperty("setupComplete").GetProperty("sessionId").GetString()!;
        await client.SpeakAsync(await Recordings.PcmAsync(folder));

        var call = (await client.NextAsync(m => m.TryGetProperty("toolCall", out _), "toolCall")).GetProperty("toolCall").GetProperty("functionCalls")[0];
        Assert.Equal("Basel", call.GetProperty("args").GetProperty("city").GetString());
        await client.SendAsync(JsonSerializer.Serialize(new
        {
            toolResponse = new { functionResponses = new[] { new { id = call.GetProperty("id").GetString(), name = "get_weather", response = new { output = "rain" } } } },
        }));
        await client.TurnCompleteAsync();

        var turn = Assert.Single(await world.Orchestrator.Api().TurnsAsync(id));
        var recorded = Assert.Single(turn.GetProperty("toolCalls").EnumerateArray());
        Assert.Equal("get_weather", recorded.GetProperty("name").GetString());
        Assert.Equal("rain", recorded.GetProperty("response").GetProperty("output").GetString());
        var session = Assert.Single(await world.Simulator.Oracle.SessionsAsync());
        var entries = (await world.Simulator.Oracle.MemoryAsync(session)).GetProperty("entries").EnumerateArray();
        Assert.Single(entries, e => e.GetProperty("kind").ValueEquals("toolResponse"));
    }

    [Fact]
    public async Task Answer_OfTenMinutesInOneGo_ArrivesWholeAndCostsBoundedMemory()
    {
        await using var world = await World.StartAsync(null, World.Says("That was thorough.", seconds: 0.5));
        var speech = new byte[10 * 60 * 32_000];
        new Random(4711).NextBytes(speech); // loud, and no two seconds alike
        await using var client = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await client.SetUpAsync();

        await client.SpeakAsync(speech, chunkBytes: 3200);
        await client.TurnCompleteAsync();

        await world.Simulator.Oracle.SessionThatHeardAsync(speech);
        var resident = long.Parse(File.ReadLines($"/proc/{world.Orchestrator.Child.Id}/status").First(l => l.StartsWith("VmRSS", StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
        Assert.True(resident < 400, $"The process holds {resident} MB.");
    }

    [Fact]
    public async Task Conversation_EndedOverRest_ClosesItsClientAndCannotBeResumed()
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(null, World.Says("Goodbye.", seconds: 0.3));
        await using var client = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await client.SetUpAsync();
        await client.SpeakAsync(await Recordings.PcmAsync(folder));
        await client.TurnCompleteAsync();

        var (status, body) = await world.Orchestrator.Api().SendAsync(HttpMethod.Delete, $"/v1/conversations/{client.ConversationId}");
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.NoContent or HttpStatusCode.Accepted, $"{status} {body}");
        var end = await client.EndAsync();
        Assert.NotNull(end.Code);
        Assert.NotEqual("", end.Reason);

        await using var back = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await back.SendAsync(RawLiveClient.SetupJson(handle: client.Handle));
        Assert.Equal(1008, (await back.EndAsync()).Code);
        Assert.Equal("ended", (await world.Orchestrator.Api().GetAsync($"/v1/conversations/{client.ConversationId}")).GetProperty("state").GetString());
        Assert.Single(await world.Orchestrator.Api().TurnsAsync(client.ConversationId));
    }

    [Fact]
    public async Task Events_Followed_ShowATurnWhenTheClientHearsThatItIsComplete()
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(null, World.Says("Noted.", seconds: 0.3));
        await using var client = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await client.SetUpAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{world.Orchestrator.Url}/v1/conversations/{client.ConversationId}/events");
        request.Headers.Add("x-goog-api-key", "acme-key");
        request.Headers.Add("Accept", "text/event-stream");
        using var response = await Patience.For(http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead), "the event stream");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());

        await client.SpeakAsync(await Recordings.PcmAsync(folder));
        await client.TurnCompleteAsync();

        List<string> lines = [];
        while (!lines.Any(l => l.Contains("turnCommitted", StringComparison.Ordinal) && l.Contains("Noted.", StringComparison.Ordinal)))
        {
            lines.Add((await Patience.For(reader.ReadLineAsync(), "the turn in the event stream", state: () => string.Join('\n', lines)))!);
        }
        Assert.Contains(lines, l => l.Contains("conversationOpened", StringComparison.Ordinal));
    }

    private static string Said(JsonElement turn) => turn.GetProperty("model").GetProperty("text").GetString()!.Trim();
}
