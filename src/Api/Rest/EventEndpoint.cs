using System.Globalization;
using Orchestrator.Api.Problems;
using Orchestrator.Journal;
using Orchestrator.Reading;

namespace Orchestrator.Api.Rest;

/// <summary>The facts of a conversation: a page of them as JSON, or history and live tail as server-sent events.</summary>
internal static class EventEndpoint
{
    /// <summary>Facts of one JSON answer; <c>next</c> asks for the rest.</summary>
    private const int LargestPage = 1000;

    private const string EventStream = "text/event-stream";

    public static async Task<IResult> GetAsync(HttpContext http, string id, IConversationReader reader, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        var streams = http.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(EventStream, StringComparison.OrdinalIgnoreCase));
        http.Response.Headers.Vary = "Accept";

        // A reconnecting EventSource repeats its first URL; where it really is, only the header knows.
        var resume = streams ? http.Request.Headers["Last-Event-ID"].ToString() : "";
        var (name, text) = resume.Length > 0 ? ("Last-Event-ID", resume) : ("after", ConversationEndpoints.Parameter(http, "after") ?? "0");
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var after))
        {
            return new ProblemResult(Problem.InvalidParameter(name, "the position of an event, or 0"));
        }

        var tenant = TenantGate.TenantOf(http);
        if (!ConversationId.TryParse(id, out var conversation))
        {
            return new ProblemResult(Problem.ConversationNotFound);
        }

        return streams
            ? await StreamAsync(http, reader, tenant, conversation, after, time, lifetime.ApplicationStopping)
            : await PageAsync(http, reader, tenant, conversation, after);
    }

    private static async Task<IResult> PageAsync(HttpContext http, IConversationReader reader, TenantId tenant, ConversationId conversation, long after)
    {
        if (await reader.FactsAsync(tenant, conversation, after, http.RequestAborted) is not { } facts)
        {
            return new ProblemResult(Problem.ConversationNotFound);
        }

        EventJson[] page = [.. facts.Take(LargestPage).Select(EventJson.Of)];
        return RestResult.Json(new EventPage(page, page.Length > 0 ? page[^1].Position : after));
    }

    private static async Task<IResult> StreamAsync(
        HttpContext http, IConversationReader reader, TenantId tenant, ConversationId conversation, long after, TimeProvider time, CancellationToken stopping)
    {
        if (await reader.FindAsync(tenant, conversation, http.RequestAborted) is not { } summary)
        {
            return new ProblemResult(Problem.ConversationNotFound);
        }

        if (string.Equals(summary.State, "ended", StringComparison.Ordinal)
            && await reader.FactsAsync(tenant, conversation, after, http.RequestAborted) is { Count: 0 })
        {
            // An EventSource reconnects whenever a stream ends; only 204 makes it stop.
            return Results.NoContent();
        }

        return new EventStreamResult(stop => reader.TailAsync(tenant, conversation, after, stop), time, stopping);
    }

    private sealed record EventPage(IReadOnlyList<EventJson> Events, long Next);
}

/// <summary>One event as tenants see it.</summary>
internal sealed record EventJson(long Position, DateTimeOffset At, ConversationFact Fact)
{
    public static EventJson Of(JournalEntry entry) => new(entry.Position, entry.At, entry.Fact);
}
