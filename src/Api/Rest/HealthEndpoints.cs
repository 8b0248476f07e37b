using Orchestrator.Api.Problems;

namespace Orchestrator.Api.Rest;

/// <summary>Something that must be right before clients are sent here.</summary>
/// <param name="Name">A word for the answer, for example <c>store</c>.</param>
/// <param name="WhyNot">Null when it is right; otherwise the reason, for the log.</param>
public sealed record ReadinessCheck(string Name, Func<CancellationToken, Task<string?>> WhyNot);

/// <summary>Probes for load balancers and Kubernetes; no key needed, nothing private answered.</summary>
public static partial class HealthEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Maps <c>/health/live</c> (the process answers) and <c>/health/ready</c> (every <see cref="ReadinessCheck"/> passes).</summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", () => RestResult.Json(new Health("live", null)));
        endpoints.MapGet("/health/ready", ReadyAsync);
    }

    /// <summary>Maps <c>/v1beta/models</c> and everything below: 501 until it is passed through.</summary>
    public static void MapModels(this IEndpointRouteBuilder endpoints)
    {
        endpoints.Map("/v1beta/models/{**rest}", () => new ProblemResult(Problem.ModelsNotImplemented));
        endpoints.Map("/v1alpha/models/{**rest}", () => new ProblemResult(Problem.ModelsNotImplemented));
    }

    private static async Task<IResult> ReadyAsync(HttpContext http, IEnumerable<ReadinessCheck> checks, TimeProvider time, ILogger<ReadinessCheck> logger)
    {
        var failing = new List<string>();
        foreach (var check in checks)
        {
            if (await WhyNotAsync(check, time, http.RequestAborted) is { } reason)
            {
                Log.NotReady(logger, check.Name, reason);
                failing.Add(check.Name);
            }
        }

        http.Response.StatusCode = failing.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return RestResult.Json(failing.Count == 0 ? new Health("ready", null) : new Health("notReady", failing));
    }

    private static async Task<string?> WhyNotAsync(ReadinessCheck check, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            return await check.WhyNot(cancellation).WaitAsync(Patience, time, cancellation);
        }
        catch (TimeoutException)
        {
            return $"no answer within {Patience.TotalSeconds} s";
        }
    }

    private sealed record Health(string Status, IReadOnlyList<string>? Failing);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Not ready: {Check}: {Reason}", EventName = "NotReady")]
        public static partial void NotReady(ILogger logger, string check, string reason);
    }
}
