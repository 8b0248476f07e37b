using System.Security.Cryptography;
using System.Text;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Problems;
using Orchestrator.Cluster;

namespace Orchestrator.Api.Rest;

/// <summary>The cluster for those who run it: <c>/admin/v1/silos</c>, with the admin key. Without a configured key there is no such path.</summary>
internal static class SiloEndpoints
{
    /// <summary>Key <c>Orchestrator:AdminKey</c>; at least 32 characters. A secret.</summary>
    public const string AdminKey = "Orchestrator:AdminKey";

    private const int ShortestKey = 32;

    /// <exception cref="InvalidDataException">The key is too short to be one.</exception>
    public static void MapSilos(this IEndpointRouteBuilder endpoints, string? adminKey)
    {
        if (string.IsNullOrEmpty(adminKey))
        {
            return;
        }

        if (adminKey.Length < ShortestKey)
        {
            throw new InvalidDataException($"{AdminKey} must have at least {ShortestKey} characters.");
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(adminKey));
        var admin = endpoints.MapGroup("/admin/v1/silos").AddEndpointFilter(async (context, next) => IsAdmin(context.HttpContext.Request, hash)
            ? await OrUnavailableAsync(() => next(context))
            : new ProblemResult(Problem.Unauthenticated));
        admin.MapGet("", ListAsync);
        admin.MapPost("/{silo}/drain", DrainAsync);
    }

    private static async Task<IResult> ListAsync(ISiloRegistry registry, HttpContext http)
    {
        var silos = await registry.ListAliveAsync(http.RequestAborted);
        return RestResult.Json(new
        {
            silos = silos.Select(silo => new
            {
                id = silo.Silo,
                incarnation = silo.Incarnation,
                address = silo.Address.Authority,
                heartbeatAgeMs = (long)silo.Age.TotalMilliseconds,
                conversations = silo.Load.Conversations,
                memoryBytes = silo.Load.MemoryBytes,
                accepting = silo.Load.Accepting,
                draining = silo.DrainRequested,
            }),
        });
    }

    private static async Task<IResult> DrainAsync(string silo, ISiloRegistry registry, HttpContext http) =>
        await registry.RequestDrainAsync(silo, http.RequestAborted)
            ? Results.Accepted()
            : new ProblemResult(Problem.SiloNotFound);

    private static async ValueTask<object?> OrUnavailableAsync(Func<ValueTask<object?>> next)
    {
        try
        {
            return await next();
        }
        catch (IOException)
        {
            return new ProblemResult(Problem.StoreUnavailable);
        }
    }

    private static bool IsAdmin(HttpRequest request, byte[] hash) =>
        PresentedKey.Of(request, allowBearer: true) is { Length: <= 512 } key
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(key)), hash);
}
