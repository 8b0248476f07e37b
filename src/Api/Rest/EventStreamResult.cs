using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Orchestrator.Journal;

namespace Orchestrator.Api.Rest;

/// <summary>
/// Writes entries as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as they
/// come. A client that reads slowly holds up its own tail and nothing else.
/// </summary>
internal sealed class EventStreamResult(Func<CancellationToken, IAsyncEnumerable<JournalEntry>> open, TimeProvider time, CancellationToken stopping) : IResult
{
    /// <summary>Proxies close connections that are silent for 30 to 60 seconds.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private const int FlushBytes = 64 * 1024;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers["X-Accel-Buffering"] = "no";
        RestResult.Private(response);
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        // Open streams would keep a stopping server from stopping.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        var entries = open(ended.Token).GetAsyncEnumerator(ended.Token);
        var next = entries.MoveNextAsync().AsTask();
        try
        {
            var output = response.BodyWriter;
            Write(output, ": this stream follows the conversation\n\n");
            await output.FlushAsync(ended.Token);
            while (await NextAsync(next, output, ended.Token))
            {
                Write(output, entries.Current);
                next = entries.MoveNextAsync().AsTask();
                if (!next.IsCompleted || output.UnflushedBytes > FlushBytes)
                {
                    await output.FlushAsync(ended.Token);
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client went away or the server stops: both are how streams end.
        }
        finally
        {
            await ended.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await entries.DisposeAsync();
        }
    }

    private async Task<bool> NextAsync(Task<bool> next, PipeWriter output, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await next.WaitAsync(Heartbeat, time, cancellation);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                Write(output, ": still here\n\n");
                await output.FlushAsync(cancellation);
            }
        }
    }

    private static void Write(PipeWriter output, JournalEntry entry)
    {
        // One line: the serialiser escapes line feeds.
        var json = JsonSerializer.Serialize(EventJson.Of(entry), RestJson.Options);
        Write(output, $"id: {entry.Position}\ndata: {json}\n\n");
    }

    private static void Write(PipeWriter output, string text) => Encoding.UTF8.GetBytes(text, output);
}
