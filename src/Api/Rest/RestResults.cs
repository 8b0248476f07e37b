using System.Text;
using System.Text.Json;

namespace Orchestrator.Api.Rest;

/// <summary>A whole answer of the REST API. Conversations are private: nobody may cache or sniff them.</summary>
internal sealed class RestResult(string contentType, ReadOnlyMemory<byte> body) : IResult
{
    public static RestResult Json<T>(T value) => new("application/json", JsonSerializer.SerializeToUtf8Bytes(value, RestJson.Options));

    public static RestResult Text(string contentType, string text) => new(contentType + "; charset=utf-8", Encoding.UTF8.GetBytes(text));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = contentType;
        httpContext.Response.ContentLength = body.Length;
        Private(httpContext.Response);
        await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
    }

    public static void Private(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
    }
}
