using System.Net;
using System.Text.Json;
using Orchestrator.Journal;
using static Orchestrator.Api.Tests.Conversation;

namespace Orchestrator.Api.Tests.Rest;

public sealed class ConversationEndpointTests : IAsyncLifetime
{
    private TestApi api = null!;

    public async ValueTask InitializeAsync() => api = await TestApi.StartAsync();

    public ValueTask DisposeAsync() => api.DisposeAsync();

    [Fact]
    public async Task List_PagesThroughAllConversations_NewestFirst()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add((await api.ConversationAsync(Opened())).Conversation.ToString());
        }

        ids.Sort(StringComparer.Ordinal);
        ids.Reverse();
        var seen = new List<string>();
        var url = "/v1/conversations?pageSize=2";
        var pages = 0;
        for (var next = url; next is not null; pages++)
        {
            var page = await JsonAsync(next);
            seen.AddRange(page.GetProperty("conversations").EnumerateArray().Select(c => c.GetProperty("id").GetString()!));
            next = page.TryGetProperty("nextPageToken", out var token) ? $"{url}&pageToken={token.GetString()}" : null;
        }

        Assert.Equal(ids, seen);
        Assert.Equal(3, pages);
        Assert.Equal("""{"conversations":[]}""", await api.Anonymous.GetStringAsync("/v1/conversations?key=" + TestApi.OtherKey));
    }

    [Theory]
    [InlineData("pageSize=0")]
    [InlineData("pageSize=-1")]
    [InlineData("pageSize=ten")]
    [InlineData("pageSize=99999999999999999999")]
    [InlineData("pageToken=..%2F..%2Fetc")]
    [InlineData("pageToken=%00")]
    public async Task List_WithNonsense_IsAProblemThatNamesTheParameter(string query)
    {
        using var response = await api.Client.GetAsync("/v1/conversations?" + query);
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest, "invalid-parameter");
        Assert.Contains(query.Split('=')[0], problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_LargerThanAllowed_IsCut()
    {
        await api.ConversationAsync(Opened());
        Assert.Single((await JsonAsync("/v1/conversations?pageSize=2000000000")).GetProperty("conversations").EnumerateArray());
    }

    [Fact]
    public async Task Summary_HasTheDocumentedShape()
    {
        var mine = await api.ConversationAsync(Opened(), new LinkOpened(1, 1, "main", false, null), Turn(1));
        api.SetLive(mine.Conversation);
        Assert.Equal(
            $$"""{"id":"{{mine.Conversation}}","model":"models/gemini-3.8-live","state":"live","createdAt":"2026-11-20T12:00:01+00:00","updatedAt":"2026-11-20T12:00:03+00:00","turns":1,"links":1,"recoveries":0}""",
            await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}"));
    }

    [Fact]
    public async Task Everything_AboutAForeignUnknownOrHostileId_IsTheSame404()
    {
        var mine = await api.ConversationAsync(Opened(), Turn(1));
        using var foreign = new HttpClient { BaseAddress = api.Address };
        foreign.DefaultRequestHeaders.Add("x-goog-api-key", TestApi.OtherKey);
        var bodies = new HashSet<string>();
        foreach (var id in new[] { mine.Conversation.ToString(), Guid.CreateVersion7().ToString("N"), "..%2F..%2Facme", "%2e%2e", "nonsense", mine.Conversation.Value.ToString("D"), "%00" })
        {
            foreach (var leaf in new[] { "", "/transcript", "/events", "/usage" })
            {
                using var response = await foreign.GetAsync($"/v1/conversations/{id}{leaf}");
                if (id is "%2e%2e" or "%00" && response.Content.Headers.ContentLength is 0 or null)
                {
                    // Resolved or refused by the server before any endpoint saw it.
                    Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest);
                    continue;
                }

                await ProblemAsync(response, HttpStatusCode.NotFound, "conversation-not-found");
                bodies.Add(await response.Content.ReadAsStringAsync());
            }

            using var stream = await foreign.SendAsync(TestApi.Get($"/v1/conversations/{id}/events", "text/event-stream"));
            Assert.True(stream.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest);
            using var deleted = await foreign.DeleteAsync($"/v1/conversations/{id}");
            Assert.True(deleted.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest or HttpStatusCode.MethodNotAllowed);
        }

        Assert.Single(bodies);
        Assert.Equal("resumable", (await JsonAsync($"/v1/conversations/{mine.Conversation}")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Usage_HasTheDocumentedShape()
    {
        var mine = await api.ConversationAsync(Opened(), Turn(1), Turn(2) with { Usage = null });
        Assert.Equal(
            $$"""
            {"conversationId":"{{mine.Conversation}}","prompt":{"total":58,"byModality":{"AUDIO":38},"unattributed":20},
            "response":{"total":59,"byModality":{"AUDIO":58},"unattributed":1},"thoughts":0,"toolUsePrompt":0,"cached":0,"userAudioMs":3000,"modelAudioMs":4000,
            "turnsWithoutUsage":1,"turns":[{"turn":1,"prompt":20,"response":9,"thoughts":0,"estimated":false},{"turn":2,"prompt":38,"response":50,"thoughts":0,"estimated":true}]}
            """.ReplaceLineEndings(""),
            await api.Client.GetStringAsync($"/v1/conversations/{mine.Conversation}/usage"));
    }

    [Fact]
    public async Task Delete_EndsTheConversation()
    {
        var mine = await api.ConversationAsync(Opened());
        using var ended = await api.Client.DeleteAsync($"/v1/conversations/{mine.Conversation}");
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        var summary = await JsonAsync($"/v1/conversations/{mine.Conversation}");
        Assert.Equal(("ended", "Ended by the tenant."), (summary.GetProperty("state").GetString(), summary.GetProperty("endReason").GetString()));
    }

    [Fact]
    public async Task DamagedJournal_IsAProblemWithoutPathOrWords_AndLoggedWithFileAndLine()
    {
        var mine = await api.ConversationAsync(Opened());
        await api.Store.ReleaseAsync(mine, default);
        var path = Path.Combine(api.Root, "conversations", "acme", mine.Conversation + ".jsonl");
        await File.WriteAllTextAsync(path, "spoken words\nx\n");
        foreach (var leaf in new[] { "", "/transcript", "/usage", "/events" })
        {
            using var response = await api.Client.GetAsync($"/v1/conversations/{mine.Conversation}{leaf}");
            var problem = await ProblemAsync(response, HttpStatusCode.InternalServerError, "journal-damaged");
            Assert.DoesNotContain(api.Root, problem.GetRawText(), StringComparison.Ordinal);
        }

        Assert.Contains(api.Logs.Lines, line => line.Contains($"{path}, line 1", StringComparison.Ordinal));
        Assert.DoesNotContain(api.Logs.Lines, line => line.Contains("spoken words", StringComparison.Ordinal));
        Assert.Equal("damaged", (await JsonAsync("/v1/conversations")).GetProperty("conversations")[0].GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("GET", "/v1beta/models")]
    [InlineData("GET", "/v1beta/models/gemini-3.8-live")]
    [InlineData("POST", "/v1beta/models/gemini-3.8-live:generateContent")]
    [InlineData("GET", "/v1alpha/models")]
    public async Task Models_AreNotServedYet_AndSaySo(string method, string path)
    {
        using var response = await api.Anonymous.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        await ProblemAsync(response, HttpStatusCode.NotImplemented, "models-not-implemented");
    }

    [Fact]
    public async Task Health_IsReadyUntilTheHostOrTheStoreIsNot()
    {
        Assert.Equal("""{"status":"live"}""", await api.Anonymous.GetStringAsync("/health/live"));
        Assert.Equal("""{"status":"ready"}""", await api.Anonymous.GetStringAsync("/health/ready"));
        api.Host.NotAccepting = "draining for a reason";
        using var response = await api.Anonymous.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("""{"status":"notReady","failing":["host"]}""", await response.Content.ReadAsStringAsync());
        Assert.Contains(api.Logs.Lines, line => line.Contains("draining for a reason", StringComparison.Ordinal));
        Assert.Equal("""{"status":"live"}""", await api.Anonymous.GetStringAsync("/health/live"));
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, HttpStatusCode status, string type)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("urn:orchestrator:problem:" + type, problem.GetProperty("type").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        return problem;
    }

    private async Task<JsonElement> JsonAsync(string url)
    {
        using var response = await api.Client.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        return JsonElement.Parse(await response.Content.ReadAsStringAsync());
    }
}
