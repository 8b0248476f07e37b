using System.Text;

namespace Gemini.Live.Simulator.Protocol;

/// <summary>A close frame is the only error channel of the Live API: this is one.</summary>
internal sealed record Refusal(int Code, string Reason)
{
    public static readonly Refusal InvalidArgument = new(1007, ProtoJson.InvalidArgument);
    public static readonly Refusal NotImplemented = new(1008, "Operation is not implemented, or supported, or enabled.");
    public static readonly Refusal Deadline = new(1011, "Deadline expired before operation could complete.");
    public static readonly Refusal Aborted = new(1008, "The operation was aborted");
    public static readonly Refusal BadKey = new(1007, "API key not valid. Please pass a valid API key.");
    public static readonly Refusal Unregistered = new(1008,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.");

    public static Refusal Payload(string text) => new(1007, text);

    public static Refusal ModelNotFound(string model, string version) => new(1008,
        $"{model} is not found for API version {version}, or is not supported for bidiGenerateContent. Call ModelService.ListModels to see the list of available models and their supported methods.");

    public static Refusal Handle(HandleRefusal form) => form switch
    {
        HandleRefusal.InvalidHandle => new(1007, "Invalid session handle"),
        HandleRefusal.SessionNotFound => new(1008, "BidiGenerateContent session not found"),
        _ => new(1008, "Requested entity was not found."),
    };

    /// <summary>The reason as it fits a close frame: at most 123 bytes of UTF-8 (RFC 6455 §5.5).</summary>
    public string WireReason
    {
        get
        {
            if (Encoding.UTF8.GetByteCount(Reason) <= 123)
                return Reason;
            var cut = Math.Min(Reason.Length, 123);
            while (Encoding.UTF8.GetByteCount(Reason.AsSpan(0, cut)) > 123 || char.IsHighSurrogate(Reason[cut - 1]))
                cut--;
            return Reason[..cut];
        }
    }
}
