using System.Net;
using System.Text.Json;
using Orchestrator.Journal;
using static Orchestrator.Api.Tests.Conversation;

namespace Orchestrator.Api.Tests.Rest;

public sealed class TranscriptEndpointTests : IAsyncLifetime
{
    private TestApi api = null!;

    public async ValueTask InitializeAsync() => api = await TestApi.StartAsync();

    public ValueTask DisposeAsync() => api.DisposeAsync();

    [Theory]
    [InlineData(null, "", "application/json")]
    [InlineData("*/*", "", "application/json")]
    [InlineData("application/json", "", "application/json")]
    [InlineData("application/*", "", "application/json")]
    [InlineData("text/plain", "", "text/plain")]
    [InlineData("text/vtt", "", "text/vtt")]
    [InlineData("text/*", "", "text/plain")]
    [InlineData("text/html, text/vtt;q=0.5, application/json;q=0.2", "", "text/vtt")]
    [InlineData("application/json;q=0, */*", "", "text/plain")]
    [InlineData("text/html, application/xhtml+xml, */*;q=0.8", "", "application/json")]
    [InlineData("text/plain", "?format=vtt", "text/vtt")]
    [InlineData("image/png", "?format=json", "application/json")]
    [InlineData("image/png", "", null)]
    public async Task Form_IsChosenByFormatThenAccept(string? accept, string query, string? expected)
    {
        var mine = await api.ConversationAsync(Opened(), Turn(1));
        using var response = await api.Client.SendAsync(TestApi.Get($"/v1/conversations/{mine.Conversation}/transcript{query}", accept));
        Assert.Equal(expected is null ? HttpStatusCode.NotAcceptable : HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(expected ?? "application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task UnknownFormat_IsAProblem()
    {
        using var response = await api.Client.GetAsync($"/v1/conversations/{Guid.CreateVersion7():N}/transcript?format=srt");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Json_HasTheDocumentedShape()
    {
        var mine = await api.ConversationAsync(
            Opened(), new ToolCalled(1, "c1", "get_bill", JsonElement.Parse("""{ "n": 1 }""")), new ToolAnswered("c1", "get_bill", JsonElement.Parse("""{"output":"ж"}""")),
            Turn(1, "Сколько?", "Сорок <один>.", TurnEnding.Interrupted) with { Usage = null });
        Assert.Equal(
            $$$"""
            {"conversationId":"{{{mine.Conversation}}}","createdAt":"2026-11-20T12:00:01+00:00","turns":[{"turn":1,"ending":"interrupted",
            "user":{"text":"Сколько?","startMs":5000,"endMs":6500,"audioMs":1500},"model":{"text":"Сорок <один>.","startMs":7000,"endMs":9000,"audioMs":2000},
            "toolCalls":[{"id":"c1","name":"get_bill","args":{"n":1},"response":{"output":"ж"},"cancelled":false}]}]}
            """.ReplaceLineEndings(""),
            await GetAsync(mine, "json"));
    }

    [Fact]
    public async Task Text_HasALinePerUtterance()
    {
        var mine = await api.ConversationAsync(
            Opened(), new ToolCalled(2, "c1", "get_bill", JsonElement.Parse("{}")),
            Turn(1, "Two\nlines\u001b[2J"), Turn(2, ending: TurnEnding.Cut), Turn(3, ending: TurnEnding.Interrupted) with { User = null });
        Assert.Equal(
            """
            00:00:05.000 User: Two lines [2J
            00:00:07.000 Model: Hi.
            00:00:10.000 User: Hello.
                       [called get_bill, unanswered]
            00:00:12.000 Model: Hi. [cut off]
            00:00:17.000 Model: Hi. [interrupted]

            """.ReplaceLineEndings("\n"),
            await GetAsync(mine, "text"));
    }

    [Fact]
    public async Task Vtt_IsValid_WhateverWasSaid()
    {
        var mine = await api.ConversationAsync(
            Opened(),
            Turn(1, "a --> b & <v Model>c</v>\r\n\r\nNOTE x\0", "«да» &amp;"),
            Turn(2, "  ", "cut here", TurnEnding.Cut),
            // The user spoke over the answer before; the model's words have no duration.
            new TurnCommitted(3, 1, 2, 3, new Utterance("over it", 6000, 6400, 400), new Utterance("quick", 6500, 6500, 0), TurnEnding.Interrupted, null, 1, null),
            new TurnCommitted(4, 1, 2, 3, new Utterance("late", -5, -9, 0), new Utterance("long", 80_000_000, 80_000_001, 1), TurnEnding.Completed, null, 1, null));

        var cues = WebVtt.Read(await GetAsync(mine, "vtt"));
        Assert.Equal(
            ["4-user", "1-user", "3-user", "3-model", "1-model", "2-model", "4-model"],
            cues.Select(c => c.Id));
        var first = cues.Single(c => c.Id is "1-user");
        Assert.Equal(("User", null, "a --> b & <v Model>c</v>    NOTE x", TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6.5)), (first.Voice, first.Class, first.Text, first.Start, first.End));
        Assert.Equal(("Model", "«да» &amp;"), (cues.Single(c => c.Id is "1-model").Voice, cues.Single(c => c.Id is "1-model").Text));
        Assert.Equal(["cut", "interrupted"], cues.Where(c => c.Class is not null).OrderBy(c => c.Id).Select(c => c.Class));
    }

    [Fact]
    public async Task Vtt_OfSilence_IsValid()
    {
        var mine = await api.ConversationAsync(Opened());
        Assert.Empty(WebVtt.Read(await GetAsync(mine, "vtt")));
        Assert.Equal("", await GetAsync(mine, "text"));
    }

    private Task<string> GetAsync(Ownership of, string format) => api.Client.GetStringAsync($"/v1/conversations/{of.Conversation}/transcript?format={format}");
}
