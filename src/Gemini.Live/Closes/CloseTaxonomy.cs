using System.Collections.Immutable;
using Gemini.Live.Links;
using static Gemini.Live.Closes.CloseFacts;
using static Gemini.Live.Closes.ClosePhase;

namespace Gemini.Live.Closes;

/// <summary>
/// What the end of a link means, as one table. The close frame is Google's only error channel, and the same text means
/// different things at different moments. The first row that matches wins, so special rows stand before general ones;
/// the last row matches everything. § are sections of the protocol dossier, # rows of its §7.
/// </summary>
public static class CloseTaxonomy
{
    private const ClosePhase SettingUp = ClosePhase.Setup;
    private const ClosePhase Opening = SettingUp | JustResumed;
    private const ClosePhase Open = FirstContent | ClosePhase.Live;

    private const string InvalidArgument = "Request contains an invalid argument.";
    private const string EntityNotFound = "Requested entity was not found.";
    private const string NotImplemented = "Operation is not implemented, or supported, or enabled.";

    /// <summary>The table, in the order in which it is read.</summary>
    public static ImmutableArray<CloseRow> Rows { get; } =
    [
        // Without a close frame.
        Lost(LinkLossKind.ClosedByUs, Any, Verdicts.ClosedByUs, "our own doing"),
        Lost(LinkLossKind.NetworkLost, Open, Verdicts.Cut, "§5.1 1006"),
        Lost(LinkLossKind.NetworkLost, Any, Verdicts.NoWay, "§5.1 1006; lost before anything worked"),
        Lost(LinkLossKind.DialFailed, Any, Verdicts.NoWay, "no answer: name, TCP, TLS or time-out"),
        Lost(LinkLossKind.CircuitOpen, Any, Verdicts.CircuitOpen, "our own doing, after others failed there"),
        Lost(LinkLossKind.OwnerLost, Any, Verdicts.OwnerLost, "our own silo died; another has taken over"),
        Lost(LinkLossKind.ProtocolViolation, Any, Verdicts.Transient, "RFC 6455 §7.1.7; only a broken middle box does that"),

        // Dials that were answered with HTTP. The model is not named yet, only the address and the key.
        Refused(400, ProvenSetup, Verdicts.BadSetupHere, "RFC 9110 §15.5.1"),
        Refused(400, None, Verdicts.BadSetup with { Blame = Blame.Platform }, "RFC 9110 §15.5.1"),
        Refused(401, ProvenSetup, Verdicts.AuthHere, "RFC 9110 §15.5.2"),
        Refused(401, None, Verdicts.Auth, "RFC 9110 §15.5.2"),
        Refused(403, ProvenSetup, Verdicts.AuthHere, "RFC 9110 §15.5.4"),
        Refused(403, None, Verdicts.Auth, "RFC 9110 §15.5.4"),
        Refused(404, ProvenSetup, Verdicts.ModelMissingHere, "RFC 9110 §15.5.5"),
        Refused(404, None, Verdicts.ModelMissing with { Blame = Blame.Platform }, "RFC 9110 §15.5.5"),
        Refused(429, None, Verdicts.Quota, "RFC 6585 §4; §4 concurrency, spend throttle"),
        Refused(500, None, Verdicts.NotNow, "RFC 9110 §15.6.1"),
        Refused(502, None, Verdicts.NotNow, "RFC 9110 §15.6.3"),
        Refused(503, None, Verdicts.Unavailable, "RFC 9110 §15.6.4"),
        Refused(504, None, Verdicts.NotNow, "RFC 9110 §15.6.5"),
        Refused(null, None, Unknown(Verdicts.NotNow), "default"),

        // Peaceful ends, and codes that are really something else.
        Closed(1000, Text.Any, Any, None, Verdicts.Clean, "§5.1 1000"),
        Closed(CloseRow.NoCode, Text.Any, Any, None, Verdicts.Clean, "an empty close frame means 1000"),
        Closed(1006, Text.Any, Any, None, Verdicts.Cut, "§5.1 1006; invented by libraries and proxies"),

        // Texts that mean the same whatever the code and the moment.
        Closed(null, Text.Contains("API key not valid"), Any, ProvenSetup, Verdicts.AuthHere, "§5.1 1007; the key was withdrawn"),
        Closed(null, Text.Contains("API key not valid"), Any, None, Verdicts.Auth, "§5.1 1007"),
        Closed(null, Text.Contains("unregistered callers"), Any, ProvenSetup, Verdicts.AuthHere, "§5.1 1008; the key was withdrawn"),
        Closed(null, Text.Contains("unregistered callers"), Any, None, Verdicts.Auth, "§5.1 1008; §1.1"),
        Closed(null, Text.Contains(" is not found for"), Any, ProvenSetup, Verdicts.ModelMissingHere, "§5.1 1008; retired meanwhile"),
        Closed(null, Text.Contains(" is not found for"), Any, None, Verdicts.ModelMissing, "§5.1 1008"),

        // 1007: the payload.
        Closed(1007, Text.Exact("Invalid session handle"), Any, None, Verdicts.HandleRejected, "§5.1 1007, first of three forms"),
        Closed(1007, Text.Contains("session_resumption"), JustResumed, None, Verdicts.HandleRejected, "§5.2; upstream names the handle [inferred]"),
        Closed(1007, Text.Contains("at 'setup"), Any, ProvenSetup, Verdicts.BadSetupHere, "§5.1 1007; the schema changed"),
        Closed(1007, Text.Contains("at 'setup"), Any, None, Verdicts.BadSetup, "§5.1 1007"),
        Closed(1007, Text.Prefix("Invalid JSON payload received."), Opening, ProvenSetup, Verdicts.BadSetupHere, "§5.1 1007; path cut off"),
        Closed(1007, Text.Prefix("Invalid JSON payload received."), Opening, None, Verdicts.BadSetup, "§5.1 1007; path cut off"),
        Closed(1007, Text.Prefix("Invalid JSON payload received."), Open, None, Verdicts.BadFrame, "§5.1 1007"),
        Closed(1007, Text.Prefix("Invalid value"), Opening, ProvenSetup, Verdicts.BadSetupHere, "§5.1 1007; path cut off"),
        Closed(1007, Text.Prefix("Invalid value"), Opening, None, Verdicts.BadSetup, "§5.1 1007; path cut off"),
        Closed(1007, Text.Prefix("Invalid value"), Open, None, Verdicts.BadFrame, "§5.1 1007"),
        Closed(1007, Text.Prefix("realtime_input.media_chunks is deprecated"), Any, None, Verdicts.BadFrame, "§5.1 1007"),
        Closed(1007, Text.Exact(InvalidArgument), JustResumed | Open, FullContext, Verdicts.ContextExhausted, "§5.1 1007; #32"),
        Closed(1007, Text.Exact(InvalidArgument), JustResumed, None, Verdicts.HandleRejected, "§5.2: any 1007 soon after a handle"),
        Closed(1007, Text.Exact(InvalidArgument), SettingUp, ProvenSetup, Verdicts.BadSetupHere, "§5.1 1007"),
        Closed(1007, Text.Exact(InvalidArgument), SettingUp, None, Verdicts.BadSetup, "§5.1 1007"),
        Closed(1007, Text.Exact(InvalidArgument), FirstContent, Handle | ProvenSetup | OnlyAudio, Verdicts.HandleRejected, "§5.2; neither setup nor audio can be it [inferred]"),
        Closed(1007, Text.Exact(InvalidArgument), FirstContent, ProvenSetup, Verdicts.BadFrame, "§5.1 1007"),
        Closed(1007, Text.Exact(InvalidArgument), FirstContent, OnlyAudio, Verdicts.BadSetup, "§5.1 1007: setup succeeds, first content frame closes"),
        Closed(1007, Text.Exact(InvalidArgument), Open, None, Verdicts.BadFrame, "§5.1 1007; #20, #33"),
        Closed(1007, Text.Any, JustResumed, None, Unknown(Verdicts.HandleRejected), "default; §5.2: any 1007 soon after a handle"),
        Closed(1007, Text.Any, SettingUp, ProvenSetup, Unknown(Verdicts.BadSetupHere), "default"),
        Closed(1007, Text.Any, SettingUp, None, Unknown(Verdicts.BadSetup), "default"),
        Closed(1007, Text.Any, Any, None, Unknown(Verdicts.BadFrame), "default"),

        // 1008: policy, which Google uses for much else.
        Closed(1008, Text.Prefix("The operation was aborted"), Any, None, Verdicts.Deadline, "§5.1 1008; goAway ends as ABORTED"),
        Closed(1008, Text.Prefix("BidiGenerateContent session not found"), JustResumed, None, Verdicts.HandleRejected, "§5.1 1008, second of three forms"),
        Closed(1008, Text.Prefix("BidiGenerateContent session not found"), FirstContent, Handle, Verdicts.HandleRejected, "§5.1 1008; §5.2: within seconds"),
        Closed(1008, Text.Prefix("BidiGenerateContent session not found"), SettingUp | Open, None, Verdicts.Transient, "§4 idle; the handle may be younger than the loss"),
        Closed(1008, Text.Exact(EntityNotFound), JustResumed, None, Verdicts.HandleRejected, "§5.1 1008, third of three forms"),
        Closed(1008, Text.Exact(EntityNotFound), Open, ToolRound, Verdicts.Transient, "§5.1 1008; #12"),
        Closed(1008, Text.Exact(EntityNotFound), FirstContent, Handle | OnlyAudio, Verdicts.HandleRejected, "§5.2: within seconds"),
        Closed(1008, Text.Exact(EntityNotFound), SettingUp, ProvenSetup, Verdicts.ModelMissingHere, "only the model can be meant [inferred]"),
        Closed(1008, Text.Exact(EntityNotFound), SettingUp, None, Verdicts.ModelMissing, "only the model can be meant [inferred]"),
        Closed(1008, Text.Exact(EntityNotFound), Open, None, Verdicts.Transient, "§5.1 1008: random"),
        Closed(1008, Text.Prefix(NotImplemented), JustResumed, None, Verdicts.HandleRejected, "§5.2: any 1008 soon after a handle"),
        Closed(1008, Text.Prefix(NotImplemented), SettingUp, ProvenSetup, Verdicts.BadSetupHere, "§5.1 1008: unsupported feature"),
        Closed(1008, Text.Prefix(NotImplemented), SettingUp, None, Verdicts.BadSetup, "§5.1 1008: unsupported feature"),
        Closed(1008, Text.Prefix(NotImplemented), Open, ToolRound, Verdicts.UnsupportedInput, "§5.1 1008; #11: input while a call is pending"),
        Closed(1008, Text.Prefix(NotImplemented), Open, SuspectFrame, Verdicts.BadFrame, "§5.1 1008: unsupported feature, e.g. contextUpdate"),
        Closed(1008, Text.Prefix(NotImplemented), Open, None, Verdicts.Unsupported, "§5.1 1008; #11: not every close is explained"),
        Closed(1008, Text.Prefix("Request trace id:"), Any, None, Verdicts.Unsupported, "§5.1 1008: output of an unsupported type"),
        Closed(1008, Text.Any, JustResumed, None, Unknown(Verdicts.HandleRejected), "default; §5.2: any 1008 soon after a handle"),

        // 1011: the server. The text of a resume refused for the old socket is not public, so any other may be it.
        Closed(1011, Text.Prefix("You exceeded your current quota"), Any, None, Verdicts.Quota, "§5.1 1011"),
        Closed(1011, Text.Prefix("Quota exceeded for"), Any, None, Verdicts.Quota, "§5.1 1011"),
        Closed(1011, Text.Prefix("The service is currently unavailable"), Any, None, Verdicts.Unavailable, "§5.1 1011; #14"),
        Closed(1011, Text.Contains("keepalive ping timeout"), Any, None, Verdicts.Cut, "§5.1 1011; #18: a library between us"),
        Closed(1011, Text.Any, JustResumed, OldSocket, Verdicts.OldSocketOpen, "§5.1 1011; §5.2: close the old one first"),
        Closed(1011, Text.Prefix("Deadline expired"), Opening, None, Verdicts.Unavailable, "§5.1 1011: backend deadline; #14"),
        Closed(1011, Text.Prefix("Deadline expired"), Open, None, Verdicts.Deadline, "§5.1 1011; §4 58:00; #15"),
        Closed(1011, Text.Prefix("Internal error"), Opening, None, Verdicts.NotNow, "§5.1 1011"),
        Closed(1011, Text.Prefix("Internal error"), Open, None, Verdicts.Transient, "§5.1 1011; #12, #13"),
        Closed(1011, Text.Any, Opening, None, Unknown(Verdicts.NotNow), "default"),

        // Codes that nobody has seen from Google, by what they mean elsewhere.
        Closed(1009, Text.Any, Any, None, Unknown(Verdicts.BadFrame), "RFC 6455 §7.4.1: message too big"),
        Closed(1012, Text.Any, Any, None, Unknown(Verdicts.Unavailable), "IANA: service restart"),
        Closed(1013, Text.Any, Any, None, Unknown(Verdicts.Unavailable), "IANA: try again later"),
        new() { Verdict = Unknown(Verdicts.Transient), Source = "default" },
    ];

    /// <summary>What the end of a link means. Total: everything has a verdict, and <see cref="CloseVerdict.IsKnown"/> says how sure.</summary>
    public static CloseVerdict Classify(LinkEnding ending) => Find(ending).Verdict;

    /// <summary>The row that decides.</summary>
    public static CloseRow Find(LinkEnding ending)
    {
        foreach (var row in Rows)
        {
            if (row.Matches(ending))
            {
                return row;
            }
        }

        return Rows[^1];
    }

    private static CloseRow Lost(LinkLossKind kind, ClosePhase phases, CloseVerdict verdict, string source) =>
        new() { Kind = kind, Phases = phases, Verdict = verdict, Source = source };

    private static CloseRow Refused(int? status, CloseFacts facts, CloseVerdict verdict, string source) =>
        new() { Kind = LinkLossKind.DialRefused, HttpStatus = status, Facts = facts, Verdict = verdict, Source = source };

    private static CloseRow Closed(int? code, ReasonPattern reason, ClosePhase phases, CloseFacts facts, CloseVerdict verdict, string source) =>
        new() { Kind = LinkLossKind.CloseFrame, Code = code, Reason = reason, Phases = phases, Facts = facts, Verdict = verdict, Source = source };

    private static CloseVerdict Unknown(CloseVerdict verdict) => verdict with { IsKnown = false };

    private static class Text
    {
        public static ReasonPattern Any => ReasonPattern.Any;

        public static ReasonPattern Exact(string text) => new(ReasonMatch.Exact, text);

        public static ReasonPattern Prefix(string text) => new(ReasonMatch.Prefix, text);

        public static ReasonPattern Contains(string text) => new(ReasonMatch.Contains, text);
    }
}
