using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Sessions;

namespace Gemini.Live.Simulator.Hosting;

/// <summary><c>POST /v1alpha/auth_tokens</c>: ephemeral tokens (dossier §1.3).</summary>
internal static class TokenEndpoint
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(20);

    public static void MapTokens(this IEndpointRouteBuilder app, string version, SimulatorWorld world, TimeProvider clock) =>
        app.MapPost($"/{version}/auth_tokens", context => HandleAsync(context, world, clock));

    private static async Task HandleAsync(HttpContext context, SimulatorWorld world, TimeProvider clock)
    {
        if (!await RestRequest.CheckKeyAsync(context, world.Options))
            return;
        using var body = await RestRequest.ReadAsync(context, "AuthToken");
        if (body is null)
            return;
        var json = body.RootElement;
        var now = clock.GetUtcNow();
        var uses = json.Get("uses").Integer();
        var expires = Time(json.Get("expireTime"));
        var newSession = Time(json.Get("newSessionExpireTime"));
        if (uses < 0 || expires - now > Longest || newSession - now > Longest || expires <= now)
        {
            await GoogleError.WriteAsync(context, 400, "INVALID_ARGUMENT", ProtoJson.InvalidArgument);
            return;
        }
        var setup = json.Get("bidiGenerateContentSetup");
        EphemeralToken token;
        lock (world.Gate)
        {
            token = world.Tokens.Create(
                LiveEndpoint.Credential(context.Request)!, (int?)uses, expires, newSession,
                setup.Exists() ? JsonNode.Parse(setup.GetRawText())!.AsObject() : null,
                json.Get("fieldMask").Text(), now);
        }
        await context.Response.WriteAsJsonAsync(new { name = token.Name });
    }

    private static DateTimeOffset? Time(JsonElement value) =>
        value.Text() is { } text ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture) : null;
}
