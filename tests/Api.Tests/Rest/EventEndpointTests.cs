using System.Net;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Orchestrator.Journal;
using Orchestrator.Testing;
using static Orchestrator.Api.Tests.Conversation;

namespace Orchestrator.Api.Tests.Rest;

public sealed class EventEndpointTests : IAsyncLifetime
{
    private readonly ManualTime time = new();
    private TestApi api = null!;

    public async ValueTask InitializeAsync() => api = await TestApi.StartAsync(time);

    public ValueTask DisposeAsync() => api.DisposeAsync();

    [Fact]
    public async Task Json_ComesInPages_WithoutHandles()
    {
        var mine = await api.ConversationAsync(Opened(), new CheckpointTaken(1, 1, "main", "upstream-secret", 7, "h"), Turn(1), new ConversationEnded("Bye.", "client"));
        Assert.Equal(
            """
            {"events":[{"position":2,"at":"2026-11-20T12:00:02+00:00","fact":{"type":"checkpointTaken","link":1,"lineage":1,"endpoint":"main","position":7,"setupHash":"h"}},
            {"position":3,"at":"2026-11-20T12:00:03+00:00","fact":{"type":"turnCommitted","turn":1,"inputFrom":1,"inputTo":2,"outputSeq":3,"user":{"text":"Hello.","startMs":5000,"endMs":6500,"audioMs":1500},
            "model":{"text":"Hi.","startMs":7000,"endMs":9000,"audioMs":2000},"ending":"completed","latencyMs":500,"link":1,"usage":{"promptTokenCount":20,"responseTokenCount":9,"responseTokensDetails":[{"modality":"AUDIO","tokenCount":8}]}}},
            {"position":4,"at":"2026-11-20T12:00:04+00:00","fact":{"type":"conversationEnded","reason":"Bye.","by":"client"}}],"next":4}
            """.ReplaceLineEndings(""),
            await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}/events?after=1"));
        Assert.Equal("""{"events":[],"next":4}""", await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}/events?after=4"));
    }

    [Fact]
    public async Task Recoveries_AreShownWithTheirFigures()
    {
        var mine = await api.ConversationAsync(
            Opened(),
            new LinkOpened(2, 2, "main", false, 7) { Seeded = true },
            new LinkRecovered(1, 2, "loss", 1011, "transient", "fresh", "main", 2, 640, 1250, 2480, 62),
            new RecoveryFailed(2, "unavailable", null, 7, 30000, "The service is unavailable."),
            new InputQuarantined(12, "text", "Invalid value."),
            new InputEvicted(1, 50, 1000, 32000) { Frames = 49 },
            new ContentGiven(3, 1, "user", "My name is Ada."));
        var json = JsonElement.Parse(await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}/events?after=1"));
        Assert.Equal(
            [
                """{"type":"linkOpened","link":2,"lineage":2,"endpoint":"main","resumed":false,"replayedFrom":7,"seeded":true}""",
                """{"type":"linkRecovered","fromLink":1,"toLink":2,"kind":"loss","code":1011,"cause":"transient","rung":"fresh","endpoint":"main","tries":2,"gapMs":640,"deadAirMs":1250,"replayedMs":2480,"rebilledTokens":62}""",
                """{"type":"recoveryFailed","link":2,"cause":"unavailable","tries":7,"afterMs":30000,"reason":"The service is unavailable."}""",
                """{"type":"inputQuarantined","position":12,"kind":"text","reason":"Invalid value."}""",
                """{"type":"inputEvicted","fromPosition":1,"toPosition":50,"audioMs":1000,"bytes":32000,"frames":49}""",
                """{"type":"contentGiven","position":3,"turn":1,"role":"user","text":"My name is Ada."}""",
            ],
            json.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("fact").GetRawText()));
        var summary = JsonElement.Parse(await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}"));
        Assert.Equal(1, summary.GetProperty("recoveries").GetInt32());
    }

    [Fact]
    public void EveryTypeOfFact_IsDocumented()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "api.md"));
        var types = typeof(ConversationFact).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(type => (string)type.TypeDiscriminator!);
        Assert.All(types, type => Assert.Contains($"`{type}`", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_OfALongJournal_IsCutIntoPages()
    {
        var mine = await api.ConversationAsync([Opened(), .. Enumerable.Range(1, 2400).Select(n => new ToolCancelled($"{n}"))]);
        var positions = new List<long>();
        long next = 0;
        for (var page = 0; page < 3; page++)
        {
            var json = JsonElement.Parse(await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}/events?after={next}"));
            positions.AddRange(json.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("position").GetInt64()));
            next = json.GetProperty("next").GetInt64();
        }

        Assert.Equal(Enumerable.Range(1, 2401).Select(n => (long)n), positions);
    }

    [Fact]
    public async Task FactsThatThisVersionCannotRead_AreShownAsSuch()
    {
        var mine = await api.ConversationAsync(Opened());
        await api.Store.ReleaseAsync(mine, default);
        await File.AppendAllTextAsync(Path.Combine(api.Root, "conversations", "acme", mine.Conversation + ".jsonl"), """{"n":2,"at":"2026-11-20T12:00:02Z","type":"moodChanged","handle":"secret"}""" + "\n");
        var json = await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}/events?after=1");
        Assert.Contains("""{"type":"unreadable","storedType":"moodChanged",""", json, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1e3")]
    public async Task Position_ThatIsNone_IsAProblem(string after)
    {
        var mine = await api.ConversationAsync(Opened());
        using var json = await api.Client.GetAsync($"/v1/conversations/{mine.Conversation}/events?after={after}");
        Assert.Equal(HttpStatusCode.BadRequest, json.StatusCode);
        var request = TestApi.Get($"/v1/conversations/{mine.Conversation}/events", "text/event-stream");
        request.Headers.Add("Last-Event-ID", after);
        using var stream = await api.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.BadRequest, stream.StatusCode);
    }

    [Fact]
    public async Task Stream_GivesHistoryThenEveryNewFact_AndEndsWithTheConversation()
    {
        var mine = await api.ConversationAsync(Opened(), new CheckpointTaken(1, 1, "main", "upstream-secret", 7, "h"));
        using var stream = await StreamAsync(mine);
        Assert.Equal((1, "conversationOpened"), await stream.NextAsync());
        Assert.Equal((2, "checkpointTaken"), await stream.NextAsync());
        await api.AppendAsync(mine, 3, Turn(1, "line\nbreak"), Turn(2));
        Assert.Equal((3, "turnCommitted"), await stream.NextAsync());
        Assert.Equal((4, "turnCommitted"), await stream.NextAsync());
        await api.AppendAsync(mine, 5, new ConversationEnded("Bye.", "client"));
        Assert.Equal((5, "conversationEnded"), await stream.NextAsync());
        Assert.Null(await stream.NextAsync());
        Assert.DoesNotContain(stream.Lines, line => line.Contains("upstream-secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stream_ThatIsResumed_GoesOnAfterTheLastEvent_AndStopsReconnectingWhenAllIsSaid()
    {
        var mine = await api.ConversationAsync(Opened(), Turn(1), Turn(2));
        using (var stream = await StreamAsync(mine, lastEventId: "2", query: "?after=0"))
        {
            Assert.Equal((3, "turnCommitted"), await stream.NextAsync());
        }

        await api.AppendAsync(mine, 4, new ConversationEnded("Bye.", "client"));
        using (var stream = await StreamAsync(mine, lastEventId: "3"))
        {
            Assert.Equal((4, "conversationEnded"), await stream.NextAsync());
            Assert.Null(await stream.NextAsync());
        }

        var request = TestApi.Get($"/v1/conversations/{mine.Conversation}/events", "text/event-stream");
        request.Headers.Add("Last-Event-ID", "4");
        using var done = await api.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
    }

    [Fact]
    public async Task Stream_ThatIsQuiet_BeatsEvery15Seconds()
    {
        var mine = await api.ConversationAsync(Opened());
        using var stream = await StreamAsync(mine);
        Assert.Equal((1, "conversationOpened"), await stream.NextAsync());
        for (var beat = 0; beat < 3; beat++)
        {
            await time.ArmedAsync(TimeSpan.FromSeconds(15));
            time.Advance(TimeSpan.FromSeconds(15));
            Assert.Equal(": still here", await stream.LineAsync());
            Assert.Equal("", await stream.LineAsync());
        }

        await api.AppendAsync(mine, 2, Turn(1));
        Assert.Equal((2, "turnCommitted"), await stream.NextAsync());
    }

    [Fact]
    public async Task Streams_EndWhenTheServerStops()
    {
        var mine = await api.ConversationAsync(Opened());
        using var stream = await StreamAsync(mine);
        Assert.Equal((1, "conversationOpened"), await stream.NextAsync());
        await api.StopAsync().WaitAsync(TestApi.Patience);
        Assert.Null(await stream.NextAsync());
    }

    private async Task<EventSource> StreamAsync(Ownership of, string? lastEventId = null, string query = "")
    {
        var request = TestApi.Get($"/v1/conversations/{of.Conversation}/events{query}", "text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        var response = await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.True(response.Headers.CacheControl!.NoStore);
        return new EventSource(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    private sealed class EventSource(HttpResponseMessage response, StreamReader reader) : IDisposable
    {
        public List<string> Lines { get; } = [];

        public void Dispose()
        {
            reader.Dispose();
            response.Dispose();
        }

        public async Task<string?> LineAsync()
        {
            var line = await reader.ReadLineAsync().WaitAsync(TestApi.Patience);
            Lines.Add(line ?? "");
            return line;
        }

        /// <summary>Position and type of the next event, whose id line must agree with its data; null at the end.</summary>
        public async Task<(int, string)?> NextAsync()
        {
            string? id = null;
            JsonElement? data = null;
            while (await LineAsync() is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                {
                    id = line[4..];
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    Assert.Null(data);
                    data = JsonElement.Parse(line[6..]);
                }
                else if (line.Length == 0 && data is { } json)
                {
                    Assert.Equal(id, json.GetProperty("position").GetInt64().ToString());
                    return (json.GetProperty("position").GetInt32(), json.GetProperty("fact").GetProperty("type").GetString()!);
                }
                else
                {
                    Assert.True(line.Length == 0 || line.StartsWith(':'), line);
                }
            }

            return null;
        }
    }
}
