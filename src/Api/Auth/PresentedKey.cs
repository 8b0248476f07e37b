using Microsoft.Extensions.Primitives;

namespace Orchestrator.Api.Auth;

/// <summary>Where clients put their key.</summary>
internal static class PresentedKey
{
    private const string BearerPrefix = "Bearer ";

    /// <summary>The key that counts; null when there is none or when one place has several.</summary>
    public static string? Of(HttpRequest request, bool allowBearer)
    {
        if (request.Headers.TryGetValue("x-goog-api-key", out var header))
        {
            return Single(header);
        }

        if (request.HttpContext.Features.Get<QueryCredentials>() is { } moved)
        {
            if (moved.Keys.Count > 0)
            {
                return Single(moved.Keys);
            }
        }
        else if (request.Query.TryGetValue("key", out var query))
        {
            return Single(query);
        }

        return allowBearer && Single(request.Headers.Authorization) is { } authorization
            && authorization.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
            ? authorization[BearerPrefix.Length..].Trim()
            : null;
    }

    private static string? Single(StringValues values) => values.Count == 1 ? values[0] : null;
}
