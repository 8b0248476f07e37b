namespace Gemini.Live.Simulator.Hosting;

/// <summary>Errors of the REST surface in Google's shape: <c>{"error":{"code","message","status"}}</c>.</summary>
internal static class GoogleError
{
    public static Task WriteAsync(HttpContext context, int code, string status, string message)
    {
        context.Response.StatusCode = code;
        return context.Response.WriteAsJsonAsync(new { error = new { code, message, status } });
    }
}
