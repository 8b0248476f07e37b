using Orchestrator.Api.Auth;
using Orchestrator.Api.Problems;
using Orchestrator.Journal;

namespace Orchestrator.Api.Rest;

/// <summary>In front of every tenant's endpoint: who is asking, and what a failing store looks like from outside.</summary>
internal sealed partial class TenantGate(TenantKeys keys, ILogger<TenantGate> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (!keys.TryAuthenticateRest(http.Request, out var tenant))
        {
            return new ProblemResult(Problem.Unauthenticated);
        }

        http.Features.Set(new Caller(tenant));
        try
        {
            return await next(context);
        }
        catch (JournalDamagedException e)
        {
            Log.Damaged(logger, e.Message);
            return new ProblemResult(Problem.JournalDamaged);
        }
        catch (IOException e) when (!http.RequestAborted.IsCancellationRequested && !http.Response.HasStarted)
        {
            Log.StoreFailed(logger, e);
            return new ProblemResult(Problem.StoreUnavailable);
        }
    }

    /// <summary>The tenant of the request that passed the gate.</summary>
    public static TenantId TenantOf(HttpContext http) => http.Features.Get<Caller>()!.Tenant;

    private sealed record Caller(TenantId Tenant);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A damaged journal was asked for: {What}", EventName = "JournalDamaged")]
        public static partial void Damaged(ILogger logger, string what);

        [LoggerMessage(2, LogLevel.Error, "The store could not be read.", EventName = "StoreFailed")]
        public static partial void StoreFailed(ILogger logger, Exception exception);
    }
}
