using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Orchestrator.Silo.Hosting;

/// <summary>Something that must be right before front-ends are to send conversations here.</summary>
/// <param name="Name">A word for the answer, for example <c>database</c>.</param>
/// <param name="WhyNot">Null when it is right; otherwise the reason, for the log.</param>
internal sealed record SiloCheck(string Name, Func<Task<string?>> WhyNot);

/// <summary>
/// Probes of a silo over HTTP, on an address of their own: <c>/health/live</c> (the process answers) and <c>/health/ready</c> (every
/// check passes; otherwise 503 and the names of those that do not). No key needed, nothing private answered.
/// </summary>
internal sealed partial class SiloHealth : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<SiloCheck> _checks;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly WebApplication _app;

    private SiloHealth(WebApplication app, IReadOnlyList<SiloCheck> checks, TimeProvider clock, ILogger<SiloHealth> logger)
    {
        (_app, _checks, _clock, _logger) = (app, checks, clock, logger);
        app.Run(AnswerAsync);
    }

    /// <summary>Where it listens, the port resolved.</summary>
    public string Url => _app.Urls.First();

    /// <param name="listen">A validated address and port.</param>
    /// <exception cref="IOException">The address is taken, or not ours.</exception>
    public static async Task<SiloHealth> StartAsync(string listen, IReadOnlyList<SiloCheck> checks, TimeProvider clock, ILogger<SiloHealth> logger)
    {
        // Not the silo's own host: that one ends when the silo begins to be emptied, and probes go on.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPEndPoint.Parse(listen));
        });
        var health = new SiloHealth(builder.Build(), checks, clock, logger);
        await health._app.StartAsync();
        return health;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task AnswerAsync(HttpContext http) => (http.Request.Method, http.Request.Path.Value) switch
    {
        ("GET" or "HEAD", "/health/live") => SayAsync(http, "live", []),
        ("GET" or "HEAD", "/health/ready") => ReadyAsync(http),
        _ => NotFoundAsync(http),
    };

    private static Task NotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private async Task ReadyAsync(HttpContext http)
    {
        var failing = new List<string>();
        foreach (var check in _checks)
        {
            if (await WhyNotAsync(check) is { } reason)
            {
                NotReady(check.Name, reason);
                failing.Add(check.Name);
            }
        }

        await SayAsync(http, failing.Count == 0 ? "ready" : "notReady", failing);
    }

    private async Task<string?> WhyNotAsync(SiloCheck check)
    {
        try
        {
            return await check.WhyNot().WaitAsync(Patience, _clock);
        }
        catch (TimeoutException)
        {
            return $"no answer within {Patience.TotalSeconds} s";
        }
    }

    private static async Task SayAsync(HttpContext http, string status, List<string> failing)
    {
        http.Response.StatusCode = failing.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        var answer = JsonSerializer.SerializeToUtf8Bytes(failing.Count == 0 ? (object)new { status } : new { status, failing });
        http.Response.ContentLength = answer.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(answer, http.RequestAborted);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Not ready: {Check}: {Reason}", EventName = "NotReady")]
    private partial void NotReady(string check, string reason);
}
