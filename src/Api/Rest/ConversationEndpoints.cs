using System.Globalization;
using Orchestrator.Api.Problems;
using Orchestrator.Attach;
using Orchestrator.Reading;

namespace Orchestrator.Api.Rest;

/// <summary>The REST API over conversations, as docs/api.md describes it.</summary>
public static class ConversationEndpoints
{
    private const int DefaultPage = 50;
    private const int LargestPage = 200;

    /// <summary>
    /// Maps <c>/v1/conversations</c>. Needs <see cref="IConversationReader"/>, <see cref="IConversationHost"/>,
    /// <see cref="Auth.TenantKeys"/> and <see cref="TimeProvider"/> as services.
    /// </summary>
    public static void MapConversations(this IEndpointRouteBuilder endpoints)
    {
        var conversations = endpoints.MapGroup("/v1/conversations").AddEndpointFilter<RouteGroupBuilder, TenantGate>();
        conversations.MapGet("", ListAsync);
        conversations.MapGet("{id}", GetAsync);
        conversations.MapGet("{id}/transcript", TranscriptAsync);
        conversations.MapGet("{id}/events", EventEndpoint.GetAsync);
        conversations.MapGet("{id}/usage", UsageAsync);
        conversations.MapDelete("{id}", EndAsync);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IConversationReader reader)
    {
        var size = DefaultPage;
        if (Parameter(http, "pageSize") is { } pageSize
            && (!int.TryParse(pageSize, NumberStyles.None, CultureInfo.InvariantCulture, out size) || size < 1))
        {
            return new ProblemResult(Problem.InvalidParameter("pageSize", $"a number from 1 to {LargestPage}"));
        }

        ConversationId? before = null;
        if (Parameter(http, "pageToken") is { } pageToken)
        {
            if (!ConversationId.TryParse(pageToken, out var last))
            {
                return new ProblemResult(Problem.InvalidParameter("pageToken", "the nextPageToken of an earlier answer"));
            }

            before = last;
        }

        size = Math.Min(size, LargestPage);
        // One more than asked for tells whether there is another page.
        var found = await reader.ListAsync(TenantGate.TenantOf(http), before, size + 1, http.RequestAborted);
        return RestResult.Json(new ConversationPage([.. found.Take(size)], found.Count > size ? found[size - 1].Id : null));
    }

    private static async Task<IResult> GetAsync(HttpContext http, string id, IConversationReader reader) =>
        ConversationId.TryParse(id, out var conversation)
        && await reader.FindAsync(TenantGate.TenantOf(http), conversation, http.RequestAborted) is { } summary
            ? RestResult.Json(summary)
            : new ProblemResult(Problem.ConversationNotFound);

    private static async Task<IResult> TranscriptAsync(HttpContext http, string id, IConversationReader reader)
    {
        string? format;
        if (Parameter(http, "format") is { } name)
        {
            format = TranscriptFormat.ByName(name);
            if (format is null)
            {
                return new ProblemResult(Problem.InvalidParameter("format", "json, text or vtt"));
            }
        }
        else
        {
            http.Response.Headers.Vary = "Accept";
            format = TranscriptFormat.ByAccept(http.Request);
            if (format is null)
            {
                return new ProblemResult(Problem.NotAcceptable);
            }
        }

        if (!ConversationId.TryParse(id, out var conversation)
            || await reader.TranscriptAsync(TenantGate.TenantOf(http), conversation, http.RequestAborted) is not { } transcript)
        {
            return new ProblemResult(Problem.ConversationNotFound);
        }

        return format switch
        {
            TranscriptFormat.Text => RestResult.Text(format, TranscriptText.Render(transcript)),
            TranscriptFormat.Vtt => RestResult.Text(format, TranscriptVtt.Render(transcript)),
            _ => RestResult.Json(transcript),
        };
    }

    private static async Task<IResult> UsageAsync(HttpContext http, string id, IConversationReader reader) =>
        ConversationId.TryParse(id, out var conversation)
        && await reader.UsageAsync(TenantGate.TenantOf(http), conversation, http.RequestAborted) is { } usage
            ? RestResult.Json(usage)
            : new ProblemResult(Problem.ConversationNotFound);

    private static async Task<IResult> EndAsync(HttpContext http, string id, IConversationHost host) =>
        ConversationId.TryParse(id, out var conversation)
        && await host.EndAsync(TenantGate.TenantOf(http), conversation, "Ended by the tenant.", http.RequestAborted)
            ? Results.NoContent()
            : new ProblemResult(Problem.ConversationNotFound);

    /// <summary>Null when the parameter is absent or empty.</summary>
    internal static string? Parameter(HttpContext http, string name) =>
        http.Request.Query.TryGetValue(name, out var values) && values.ToString() is { Length: > 0 } value ? value : null;

    private sealed record ConversationPage(IReadOnlyList<ConversationSummary> Conversations, string? NextPageToken);
}
