namespace Gemini.Live.Scanning;

/// <summary>Why a frame is refused, in the code and wording that Google closes with (dossier §5.1).</summary>
public readonly record struct WireFault(int CloseCode, string Reason)
{
    /// <summary>Google's close code for anything wrong in a payload.</summary>
    public const int InvalidPayload = 1007;

    /// <summary>Google's catch-all.</summary>
    public static readonly WireFault InvalidArgument = new(InvalidPayload, "Request contains an invalid argument.");

    /// <summary>The bytes are not JSON, or not an object.</summary>
    public static readonly WireFault NotJson = new(InvalidPayload, "Invalid JSON payload received. Unexpected token.");

    /// <summary>A member that the message does not have.</summary>
    public static WireFault UnknownName(string name, string? at = null) =>
        new(InvalidPayload, $"Invalid JSON payload received. Unknown name \"{name}\"{(at is null ? "" : $" at '{at}'")}: Cannot find field.");

    /// <summary>A value of the wrong type, or none of the enum's.</summary>
    public static WireFault InvalidValue(string at) => new(InvalidPayload, $"Invalid value at '{at}'.");

    /// <summary>Two members of one union.</summary>
    public static WireFault SecondUnionMember(string name) =>
        new(InvalidPayload, $"Invalid value (oneof), oneof field 'message_type' is already set. Cannot set '{name}'");
}
