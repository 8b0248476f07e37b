using System.Text.Json;

namespace Orchestrator.Api.Problems;

/// <summary>Writes a <see cref="Problem"/> as <c>application/problem+json</c>.</summary>
public sealed class ProblemResult(Problem problem) : IResult
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = problem.Status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"Orchestrator\"";
        }

        await response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(problem, Json), httpContext.RequestAborted);
    }
}
