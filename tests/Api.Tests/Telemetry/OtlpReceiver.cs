using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Orchestrator.Api.Tests.Telemetry;

/// <summary>Takes OTLP over HTTP and keeps the bytes; strings are readable in protobuf.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Signal, string Body)> _received = new();

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
        _app.MapPost("/v1/{signal}", async (string signal, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            _received.Enqueue(($"{signal} {request.ContentType}", Encoding.Latin1.GetString(body.ToArray())));
        });
    }

    public string Url => _app.Urls.First();

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        var receiver = new OtlpReceiver(builder.Build());
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>All that came for a signal, as protobuf.</summary>
    public string Received(string signal) =>
        string.Concat(_received.Where(r => r.Signal == $"{signal} application/x-protobuf").Select(r => r.Body));

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
