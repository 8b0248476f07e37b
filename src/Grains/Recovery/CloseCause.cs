using Gemini.Live.Links;

namespace Orchestrator.Grains.Recovery;

/// <summary>Why a link ended, as far as the next move depends on it (DESIGN §7).</summary>
public enum CloseCause
{
    /// <summary>We closed it, or upstream closed it in peace.</summary>
    Clean,
    /// <summary>The connection's time was up.</summary>
    Deadline,
    /// <summary>Anything that another try may cure.</summary>
    Transient,
    /// <summary>The connection vanished without a word.</summary>
    Network,
    /// <summary>The resumption handle is not (or no longer) known.</summary>
    HandleRejected,
    /// <summary>Upstream refuses what the client sent; the same bytes will be refused again.</summary>
    Refused,
    /// <summary>The credential is wrong.</summary>
    Auth,
    /// <summary>The model does not exist there.</summary>
    ModelMissing,
}

/// <summary>Reads a cause out of a close. The recovery issue extends the table; unknown closes are worth another try.</summary>
public static class CloseCauses
{
    /// <param name="loss">How the link ended.</param>
    /// <param name="resuming">True when the link presented a handle and was not set up yet.</param>
    public static CloseCause Classify(LinkLoss loss, bool resuming) => loss switch
    {
        { Kind: LinkLossKind.ClosedByUs } => CloseCause.Clean,
        { Kind: LinkLossKind.NetworkLost or LinkLossKind.DialFailed } => CloseCause.Network,
        { Kind: LinkLossKind.DialRefused, HttpStatus: 401 or 403 } => CloseCause.Auth,
        { Kind: LinkLossKind.DialRefused, HttpStatus: 400 or 404 } => CloseCause.Refused,
        { Kind: LinkLossKind.CloseFrame } => ByCode(loss.Code, loss.Reason, resuming),
        _ => CloseCause.Transient,
    };

    private static CloseCause ByCode(int? code, string reason, bool resuming) => code switch
    {
        1000 => CloseCause.Clean,
        1007 or 1008 when reason.Contains("API key not valid", StringComparison.Ordinal)
            || reason.Contains("unregistered callers", StringComparison.Ordinal) => CloseCause.Auth,
        1008 when reason.Contains("is not found for API version", StringComparison.Ordinal) => CloseCause.ModelMissing,
        1007 or 1008 when resuming => CloseCause.HandleRejected,
        1007 => CloseCause.Refused,
        1011 when reason.StartsWith("Deadline expired", StringComparison.Ordinal) => CloseCause.Deadline,
        _ => CloseCause.Transient,
    };

    /// <summary>A refusal that another try cannot cure: the client gets upstream's own words.</summary>
    public static bool IsFinal(CloseCause cause) =>
        cause is CloseCause.Refused or CloseCause.Auth or CloseCause.ModelMissing;
}
