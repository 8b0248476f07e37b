using System.Text.Json;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Hosting;

/// <summary>What every REST method does first: key, then strict ProtoJSON.</summary>
internal static class RestRequest
{
    public static async Task<bool> CheckKeyAsync(HttpContext context, SimulatorOptions options)
    {
        var key = LiveEndpoint.Credential(context.Request);
        if (string.IsNullOrEmpty(key))
        {
            await GoogleError.WriteAsync(context, 403, "PERMISSION_DENIED", Refusal.Unregistered.Reason);
            return false;
        }
        if (options.ApiKeys.Count == 0 || options.ApiKeys.Contains(key))
            return true;
        await GoogleError.WriteAsync(context, 400, "INVALID_ARGUMENT", Refusal.BadKey.Reason);
        return false;
    }

    /// <summary>The body as a valid <paramref name="message"/>, or null after an error was answered.</summary>
    public static async Task<JsonDocument?> ReadAsync(HttpContext context, string message)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var document = ProtoJson.Read(body.ToArray(), message, out var error);
        if (document is null)
            await GoogleError.WriteAsync(context, 400, "INVALID_ARGUMENT", error!);
        return document;
    }
}
