using System.Collections.Immutable;

namespace Gemini.Live.Closes;

/// <summary>What the end of a link means and what may be done about it.</summary>
/// <param name="Cause">Why it ended.</param>
/// <param name="Blame">Whose doing it was.</param>
/// <param name="Rungs">Rungs that may be tried, in this order; ends with <see cref="Rung.End"/>. Budgets are not part of it.</param>
/// <param name="BackOff">How long to wait before a try on the same endpoint.</param>
/// <param name="PassOn">True when the client gets upstream's own code and reason at once: nobody but the client can help.</param>
public sealed record CloseVerdict(CloseCause Cause, Blame Blame, ImmutableArray<Rung> Rungs, BackOff BackOff, bool PassOn)
{
    /// <summary>Shortest wait after a quota refusal (dossier §5.1: one client waits at least 65 s).</summary>
    public static readonly TimeSpan QuotaWait = TimeSpan.FromSeconds(65);

    /// <summary>False when no row names this code and text: a sane default, to be counted and looked at.</summary>
    public bool IsKnown { get; init; } = true;

    public bool MayTry(Rung rung) => Rungs.Contains(rung);
}

/// <summary>The verdicts that rows choose from. <c>…Here</c>: the setup has worked before, so the endpoint is at fault.</summary>
internal static class Verdicts
{
    private static readonly ImmutableArray<Rung> All = [Rung.Resume, Rung.Fresh, Rung.NextEndpoint, Rung.Move, Rung.End];
    private static readonly ImmutableArray<Rung> Seeded = [Rung.Fresh, Rung.NextEndpoint, Rung.Move, Rung.End];
    private static readonly ImmutableArray<Rung> Here = [Rung.Resume, Rung.Fresh, Rung.End];
    private static readonly ImmutableArray<Rung> Elsewhere = [Rung.NextEndpoint, Rung.End];
    private static readonly ImmutableArray<Rung> Nothing = [Rung.End];

    // Whether a link is still wanted is the conversation's to know; if so, nothing speaks against any rung.
    public static readonly CloseVerdict ClosedByUs = new(CloseCause.Clean, Blame.Platform, All, BackOff.Immediate, PassOn: false);
    public static readonly CloseVerdict Clean = ClosedByUs with { Blame = Blame.Upstream };
    public static readonly CloseVerdict Cut = new(CloseCause.Network, Blame.Network, All, BackOff.Immediate, PassOn: false);
    public static readonly CloseVerdict OwnerLost = Cut with { Cause = CloseCause.OwnerLost, Blame = Blame.Platform };
    public static readonly CloseVerdict NoWay = Cut with { BackOff = BackOff.Exponential };
    public static readonly CloseVerdict Deadline = new(CloseCause.Deadline, Blame.Policy, All, BackOff.Immediate, PassOn: false);
    public static readonly CloseVerdict Transient = new(CloseCause.Transient, Blame.Upstream, All, BackOff.Immediate, PassOn: false);
    public static readonly CloseVerdict NotNow = Transient with { BackOff = BackOff.Exponential };
    public static readonly CloseVerdict Unavailable = NotNow with { Cause = CloseCause.Unavailable };

    // Nothing was asked, so nothing here has changed: elsewhere first.
    public static readonly CloseVerdict CircuitOpen = Unavailable with { Rungs = [Rung.NextEndpoint, Rung.Resume, Rung.Fresh, Rung.Move, Rung.End] };
    public static readonly CloseVerdict OldSocketOpen = new(CloseCause.OldSocketOpen, Blame.Platform, All, BackOff.Exponential, PassOn: false);
    public static readonly CloseVerdict HandleRejected = new(CloseCause.HandleRejected, Blame.Upstream, Seeded, BackOff.Immediate, PassOn: false);

    // Elsewhere at once; here again only after the wait. Another silo has the same quota.
    public static readonly CloseVerdict Quota =
        new(CloseCause.Quota, Blame.Policy, [Rung.NextEndpoint, Rung.Resume, Rung.Fresh, Rung.End], BackOff.Quota, PassOn: false);

    // The old context is as full wherever it is resumed; a shortened seed fits in here as well as elsewhere.
    public static readonly CloseVerdict ContextExhausted = new(CloseCause.ContextExhausted, Blame.Policy, [Rung.Fresh, Rung.End], BackOff.Immediate, PassOn: false);

    // Only without the frame at fault, which goes into quarantine; another endpoint would refuse it too.
    public static readonly CloseVerdict BadFrame = new(CloseCause.BadFrame, Blame.Client, Here, BackOff.Immediate, PassOn: false);
    public static readonly CloseVerdict Unsupported = new(CloseCause.Unsupported, Blame.Upstream, Here, BackOff.Immediate, PassOn: false);
    public static readonly CloseVerdict UnsupportedInput = Unsupported with { Blame = Blame.Client };

    public static readonly CloseVerdict BadSetup = new(CloseCause.BadSetup, Blame.Client, Nothing, BackOff.None, PassOn: true);
    public static readonly CloseVerdict BadSetupHere = new(CloseCause.BadSetup, Blame.Upstream, Elsewhere, BackOff.Immediate, PassOn: false);
    public static readonly CloseVerdict Auth = new(CloseCause.Auth, Blame.Platform, Nothing, BackOff.None, PassOn: true);
    public static readonly CloseVerdict AuthHere = Auth with { Rungs = Elsewhere, BackOff = BackOff.Immediate, PassOn = false };
    public static readonly CloseVerdict ModelMissing = new(CloseCause.ModelMissing, Blame.Client, Nothing, BackOff.None, PassOn: true);
    public static readonly CloseVerdict ModelMissingHere = new(CloseCause.ModelMissing, Blame.Upstream, Elsewhere, BackOff.Immediate, PassOn: false);
}
