namespace Orchestrator.Api.Problems;

/// <summary>
/// An RFC 9457 problem. <see cref="Type"/> is stable and means the same for ever; clients may compare it. Title
/// and detail are for people.
/// </summary>
public sealed record Problem(string Type, string Title, int Status, string Detail)
{
    private const string Space = "urn:orchestrator:problem:";

    public static readonly Problem Unauthenticated = new(
        Space + "unauthenticated", "No valid API key", StatusCodes.Status401Unauthorized,
        "Present a key of this service as 'x-goog-api-key', as '?key=' or as 'Authorization: Bearer'.");

    /// <summary>The same for unknown and for foreign conversations, so that ids cannot be probed.</summary>
    public static readonly Problem ConversationNotFound = new(
        Space + "conversation-not-found", "No such conversation", StatusCodes.Status404NotFound,
        "You have no conversation of that id.");

    public static readonly Problem SiloNotFound = new(
        Space + "silo-not-found", "No such silo", StatusCodes.Status404NotFound,
        "No living silo has that name.");

    public static readonly Problem NotAcceptable = new(
        Space + "not-acceptable", "Format not available", StatusCodes.Status406NotAcceptable,
        "Available are application/json, text/plain and text/vtt.");

    public static readonly Problem JournalDamaged = new(
        Space + "journal-damaged", "The conversation's journal is damaged", StatusCodes.Status500InternalServerError,
        "It was left as it is; the operator finds file and line in the log.");

    public static readonly Problem StoreUnavailable = new(
        Space + "store-unavailable", "The store is not available", StatusCodes.Status503ServiceUnavailable,
        "Try again later.");

    public static readonly Problem ModelsNotImplemented = new(
        Space + "models-not-implemented", "Models are not served here", StatusCodes.Status501NotImplemented,
        "Orchestrator serves the Live endpoint (BidiGenerateContent) only; ask Google's API for models.");

    /// <summary>A query parameter that cannot be understood.</summary>
    public static Problem InvalidParameter(string name, string expected) => new(
        Space + "invalid-parameter", "Invalid parameter", StatusCodes.Status400BadRequest,
        $"'{name}' must be {expected}.");
}
