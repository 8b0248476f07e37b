using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>An ephemeral token (dossier §1.3).</summary>
internal sealed class EphemeralToken(string name, string apiKey)
{
    public string Name { get; } = name;

    /// <summary>The key that made it; sessions of the token belong to it.</summary>
    public string ApiKey { get; } = apiKey;

    /// <summary>Sessions left to start; null for no limit. Resuming uses none.</summary>
    public int? UsesLeft { get; set; }

    public DateTimeOffset Expires { get; init; }

    public DateTimeOffset NewSessionExpires { get; init; }

    /// <summary>The setup that the token fixes, or null.</summary>
    public JsonObject? Setup { get; init; }

    /// <summary>Locked paths; null locks everything that a setup can hold.</summary>
    public IReadOnlyList<string>? Locked { get; init; }

    /// <summary>The client's setup with the locked parts of the token's in their place; changes to those are ignored in silence.</summary>
    public JsonObject Apply(JsonObject client)
    {
        if (Setup is null)
            return client;
        if (Locked is null)
        {
            var whole = (JsonObject)Setup.DeepClone();
            if (Member(client, "sessionResumption") is { } resumption)
                whole["sessionResumption"] = resumption.DeepClone();
            return whole;
        }
        foreach (var path in Locked)
            Copy(Setup, client, path.Split('.'));
        return client;
    }

    private static void Copy(JsonObject from, JsonObject to, ReadOnlySpan<string> path)
    {
        var name = path[0];
        var value = Member(from, name);
        to.Remove(LiveSchema.Snake(name));
        if (path.Length == 1)
        {
            to[name] = value?.DeepClone();
            return;
        }
        if (Member(to, name) is not JsonObject inner)
            to[name] = inner = [];
        Copy(value as JsonObject ?? [], inner, path[1..]);
    }

    private static JsonNode? Member(JsonObject json, string camel) => json[camel] ?? json[LiveSchema.Snake(camel)];
}

/// <summary>The tokens of a world. Guarded by its gate.</summary>
internal sealed class TokenBook(SimulatorWorld world)
{
    private readonly Dictionary<string, EphemeralToken> _tokens = new(StringComparer.Ordinal);

    public EphemeralToken? Find(string name) => _tokens.GetValueOrDefault(name);

    public void Clear() => _tokens.Clear();

    /// <summary>Makes a token: uses 1, 30 minutes, 60 s to begin unless the request says otherwise.</summary>
    public EphemeralToken Create(string apiKey, int? uses, DateTimeOffset? expires, DateTimeOffset? newSession, JsonObject? setup, string? fieldMask, DateTimeOffset now)
    {
        var token = new EphemeralToken("auth_tokens/" + world.NewId().Replace("-", "", StringComparison.Ordinal), apiKey)
        {
            UsesLeft = uses switch { null => 1, 0 => null, _ => uses },
            Expires = expires ?? now + TimeSpan.FromMinutes(30),
            NewSessionExpires = newSession ?? now + TimeSpan.FromSeconds(60),
            Setup = setup,
            Locked = fieldMask?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        };
        _tokens[token.Name] = token;
        return token;
    }
}
