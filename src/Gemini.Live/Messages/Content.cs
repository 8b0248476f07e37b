using System.Text.Json;

namespace Gemini.Live.Messages;

/// <summary>One turn's content.</summary>
public sealed record Content : WireMessage
{
    /// <summary><c>user</c> or <c>model</c>; some models insist on it.</summary>
    public string? Role { get; init; }

    public IReadOnlyList<Part>? Parts { get; init; }
}

/// <summary>A piece of content: one of its members, with <see cref="Thought"/> as a mark.</summary>
public sealed record Part : WireMessage
{
    public string? Text { get; init; }

    /// <summary>The text is reasoning, not speech.</summary>
    public bool Thought { get; init; }

    public string? ThoughtSignature { get; init; }

    public Blob? InlineData { get; init; }

    public FunctionCall? FunctionCall { get; init; }

    public FunctionResponse? FunctionResponse { get; init; }

    public JsonElement? ExecutableCode { get; init; }

    public JsonElement? CodeExecutionResult { get; init; }
}

/// <summary>Bytes with a type.</summary>
public sealed record Blob : WireMessage
{
    public string? MimeType { get; init; }

    /// <summary>Base64, as it stands on the wire.</summary>
    public string? Data { get; init; }
}

/// <summary>A call of one of the setup's functions (dossier §3.3).</summary>
public sealed record FunctionCall : WireMessage
{
    public string? Id { get; init; }

    public string? Name { get; init; }

    public JsonElement? Args { get; init; }
}

/// <summary>One entry of <c>tools</c> (dossier §2.2).</summary>
public sealed record Tool : WireMessage
{
    public IReadOnlyList<FunctionDeclaration>? FunctionDeclarations { get; init; }

    public JsonElement? GoogleSearch { get; init; }

    public JsonElement? CodeExecution { get; init; }

    public JsonElement? UrlContext { get; init; }
}

/// <summary>A function that the model may call.</summary>
public sealed record FunctionDeclaration : WireMessage
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>OpenAPI subset; excludes <see cref="ParametersJsonSchema"/>.</summary>
    public JsonElement? Parameters { get; init; }

    public JsonElement? ParametersJsonSchema { get; init; }

    public JsonElement? Response { get; init; }

    public JsonElement? ResponseJsonSchema { get; init; }

    /// <summary>BLOCKING or NON_BLOCKING; the default differs by model.</summary>
    public string? Behavior { get; init; }
}
