using System.Diagnostics.CodeAnalysis;

namespace Orchestrator;

/// <summary>Identity of a conversation: a UUID version 7 in lower-case "N" format, so that ids sort by birth.</summary>
public readonly record struct ConversationId(Guid Value)
{
    public override string ToString() => Value.ToString("N");

    public static bool TryParse([NotNullWhen(true)] string? text, out ConversationId id)
    {
        var ok = Guid.TryParseExact(text, "N", out var value);
        id = new ConversationId(value);
        return ok;
    }
}

/// <summary>A customer. Letters, digits, <c>-</c> and <c>_</c>, at most 64: it is a directory name too.</summary>
public readonly record struct TenantId(string Value)
{
    public override string ToString() => Value;

    public static bool IsValid(string? text) =>
        text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
