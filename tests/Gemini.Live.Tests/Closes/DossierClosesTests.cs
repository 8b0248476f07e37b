using Gemini.Live.Closes;
using Gemini.Live.Links;
using static Gemini.Live.Closes.CloseCause;

namespace Gemini.Live.Tests.Closes;

/// <summary>Every row of the protocol dossier's table of closes (§5.1), in the words given there, in the phases where they differ.</summary>
public sealed class DossierClosesTests
{
    private const string UnknownName = "Invalid JSON payload received. Unknown name \"x\" at 'setup': …";
    private const string UnknownContents = "Invalid JSON payload received. Unknown name \"contents\" at 'client_content': Cannot find field.";
    private const string InvalidScheduling = "Invalid value at 'tool_response.function_responses[0].scheduling'…";
    private const string InvalidArgument = "Request contains an invalid argument.";
    private const string NotImplemented = "Operation is not implemented, or supported, or enabled.";
    private const string NoModel = "models/gemini-live-2.5-flash-preview is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ModelService…";
    private const string Unregistered = "Method doesn't allow unregistered callers …";
    private const string Deadlined = "Deadline expired before operation could complete.";

    /// <summary>Code, text, phase, cause.</summary>
    public static TheoryData<int, string, ClosePhase, CloseCause> Table => new()
    {
        { 1000, "", ClosePhase.Live, Clean },
        { 1006, "", ClosePhase.Live, CloseCause.Network },
        { 1006, "Abnormal closure.", ClosePhase.Live, CloseCause.Network },
        { 1007, UnknownName, ClosePhase.Setup, BadSetup },
        { 1007, UnknownName, ClosePhase.JustResumed, BadSetup },
        { 1007, UnknownName, ClosePhase.FirstContent, BadSetup },
        { 1007, UnknownContents, ClosePhase.FirstContent, BadFrame },
        { 1007, UnknownContents, ClosePhase.Live, BadFrame },
        { 1007, InvalidScheduling, ClosePhase.Live, BadFrame },
        { 1007, "Invalid value at 'setup.generation_config'…", ClosePhase.Setup, BadSetup },
        { 1007, "Invalid value at '<path>' …", ClosePhase.Setup, BadSetup },
        { 1007, "Invalid value at '<path>' …", ClosePhase.JustResumed, BadSetup },
        { 1007, "Invalid value at '<path>' …", ClosePhase.Live, BadFrame },
        { 1007, InvalidArgument, ClosePhase.Setup, BadSetup },
        { 1007, InvalidArgument, ClosePhase.JustResumed, HandleRejected },
        { 1007, InvalidArgument, ClosePhase.FirstContent, BadFrame },
        { 1007, InvalidArgument, ClosePhase.Live, BadFrame },
        { 1007, "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.", ClosePhase.FirstContent, BadFrame },
        { 1007, "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.", ClosePhase.Live, BadFrame },
        { 1007, "API key not valid. Please pass a valid API key.", ClosePhase.Setup, Auth },
        { 1007, "API key not valid. Please pass a valid API key.", ClosePhase.JustResumed, Auth },
        { 1007, "Invalid session handle", ClosePhase.JustResumed, HandleRejected },
        { 1008, "BidiGenerateContent session not found", ClosePhase.JustResumed, HandleRejected },
        { 1008, "BidiGenerateContent session not found", ClosePhase.Live, Transient },
        { 1008, "Requested entity was not found.", ClosePhase.JustResumed, HandleRejected },
        { 1008, "Requested entity was not found.", ClosePhase.Live, Transient },
        { 1008, "Requested entity was not found.", ClosePhase.Setup, ModelMissing },
        { 1008, NoModel, ClosePhase.Setup, ModelMissing },
        { 1008, NoModel, ClosePhase.JustResumed, ModelMissing },
        { 1008, NotImplemented, ClosePhase.Live, Unsupported },
        { 1008, NotImplemented, ClosePhase.Setup, BadSetup },
        { 1008, NotImplemented, ClosePhase.JustResumed, HandleRejected },
        { 1008, Unregistered, ClosePhase.Setup, Auth },
        { 1008, "The operation was aborted", ClosePhase.Live, Deadline },
        { 1008, "Request trace id: …: application/json isn't …", ClosePhase.Live, Unsupported },
        { 1011, "Internal error encountered.", ClosePhase.Setup, Transient },
        { 1011, "Internal error encountered.", ClosePhase.JustResumed, Transient },
        { 1011, "Internal error encountered.", ClosePhase.FirstContent, Transient },
        { 1011, "Internal error encountered.", ClosePhase.Live, Transient },
        { 1011, "Internal error occurred.", ClosePhase.Live, Transient },
        { 1011, Deadlined, ClosePhase.FirstContent, Deadline },
        { 1011, Deadlined, ClosePhase.Live, Deadline },
        { 1011, Deadlined, ClosePhase.Setup, Unavailable },
        { 1011, Deadlined, ClosePhase.JustResumed, Unavailable },
        { 1011, "The service is currently unavailable.", ClosePhase.Live, Unavailable },
        { 1011, "The service is currently unavailable.", ClosePhase.JustResumed, Unavailable },
        { 1011, "You exceeded your current quota…", ClosePhase.Setup, Quota },
        { 1011, "You exceeded your current quota…", ClosePhase.Live, Quota },
        { 1011, "Quota exceeded for …", ClosePhase.JustResumed, Quota },
        { 1011, "keepalive ping timeout", ClosePhase.Live, CloseCause.Network },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Close_AsTheDossierHasIt_IsKnown(int code, string reason, ClosePhase phase, CloseCause cause) =>
        Known(cause, Endings.Closed(code, reason, phase));

    [Theory]
    [MemberData(nameof(Table))]
    public void Close_CutAt123Bytes_MeansTheSame(int code, string reason, ClosePhase phase, CloseCause cause)
    {
        var cut = Endings.AtLength(reason);
        Assert.True(Endings.Bytes(cut) <= 123);
        Known(cause, Endings.Closed(code, cut, phase));
    }

    [Theory]
    [InlineData(ClosePhase.Setup, BadSetup)]
    [InlineData(ClosePhase.Live, BadFrame)]
    public void UnknownName_SoLongThatThePathIsCutOff_IsJudgedByThePhase(ClosePhase phase, CloseCause cause)
    {
        var reason = Endings.Cut(UnknownName.Replace("\"x\"", $"\"{new string('x', 120)}\"", StringComparison.Ordinal));
        Assert.DoesNotContain("setup", reason, StringComparison.Ordinal);
        Known(cause, Endings.Closed(1007, reason, phase));
    }

    [Fact]
    public void ModelMissing_WithALongName_IsSeen() => Known(ModelMissing, Endings.Closed(
        1008, Endings.Cut(NoModel.Replace("gemini", "projects/some-project/locations/us-central1/publishers/google/models/gemini", StringComparison.Ordinal)), ClosePhase.Setup));

    [Fact]
    public void InvalidArgument_WithANearlyFullContext_IsTheContext()
    {
        foreach (var phase in new[] { ClosePhase.JustResumed, ClosePhase.FirstContent, ClosePhase.Live })
        {
            var ending = Endings.Closed(1007, InvalidArgument, phase) with { ContextWindow = 131_072 };
            Known(ContextExhausted, ending with { LastPromptTokens = 111_412 });
            Assert.NotEqual(ContextExhausted, CloseTaxonomy.Classify(ending with { LastPromptTokens = 111_411 }).Cause);
            Assert.NotEqual(ContextExhausted, CloseTaxonomy.Classify(ending with { LastPromptTokens = 111_412, ContextWindow = null }).Cause);
        }

        Assert.Equal([Rung.Fresh, Rung.End], CloseTaxonomy.Classify(Full()).Rungs);
        static LinkEnding Full() => Endings.Closed(1007, InvalidArgument, ClosePhase.Live) with { ContextWindow = 131_072, LastPromptTokens = 130_000 };
    }

    [Fact]
    public void InvalidArgument_OnFirstContent_DependsOnWhatWentOut()
    {
        var first = Endings.Closed(1007, InvalidArgument, ClosePhase.FirstContent);
        Known(BadSetup, first with { RecentFrames = FrameKinds.None });
        Known(BadSetup, first with { RecentFrames = FrameKinds.Marks });
        Known(BadFrame, first with { RecentFrames = FrameKinds.Content | FrameKinds.Marks });
        Known(BadFrame, first with { RecentFrames = FrameKinds.None, SetupProven = true });
        Known(HandleRejected, first with { RecentFrames = FrameKinds.None, SetupProven = true, PresentedHandle = true });
        Known(BadFrame, first with { RecentFrames = FrameKinds.Text, SetupProven = true, PresentedHandle = true });
    }

    [Fact]
    public void NotImplemented_AroundTools_IsTheInput_AndOtherwiseTheFrame()
    {
        var live = Endings.Closed(1008, NotImplemented, ClosePhase.Live);
        Assert.Equal(Blame.Client, Known(Unsupported, live with { RecentFrames = FrameKinds.OpenCall }).Blame);
        Assert.Equal(Blame.Client, Known(Unsupported, live with { RecentFrames = FrameKinds.ToolResponse }).Blame);
        Assert.Equal(Blame.Upstream, Known(Unsupported, live with { RecentFrames = FrameKinds.None }).Blame);
        Known(BadFrame, live with { RecentFrames = FrameKinds.ContextUpdate });
    }

    [Fact]
    public void EntityNotFound_AfterAResume_IsTheHandle_UnlessAToolRoundExplainsIt()
    {
        var first = Endings.Closed(1008, "Requested entity was not found.", ClosePhase.FirstContent) with { PresentedHandle = true };
        Known(HandleRejected, first with { RecentFrames = FrameKinds.None });
        Known(Transient, first with { RecentFrames = FrameKinds.ToolResponse });
        Known(Transient, first with { RecentFrames = FrameKinds.OpenCall });
    }

    [Theory]
    [InlineData("Internal error encountered.", OldSocketOpen)]
    [InlineData("a text that nobody has published", OldSocketOpen)]
    [InlineData(Deadlined, OldSocketOpen)]
    [InlineData("The service is currently unavailable.", Unavailable)]
    [InlineData("Quota exceeded for …", Quota)]
    public void Resume_RefusedWhileTheOldSocketMayBeOpen(string reason, CloseCause cause) =>
        Known(cause, Endings.Closed(1011, reason, ClosePhase.JustResumed) with { OldSocketMayBeOpen = true });

    [Fact]
    public void OldSocket_DoesNotExplainACloseLaterOn() => Assert.Equal(
        Transient, CloseTaxonomy.Classify(Endings.Closed(1011, "Internal error encountered.", ClosePhase.Live) with { OldSocketMayBeOpen = true }).Cause);

    [Fact]
    public void Refusals_OfASetupThatNeverWorked_GoToTheClientAtOnce_AndLaterToTheNextEndpoint()
    {
        foreach (var (code, reason) in new[] { (1007, UnknownName), (1007, "API key not valid. Please pass a valid API key."), (1008, NoModel), (1008, Unregistered) })
        {
            var never = Endings.Closed(code, reason, ClosePhase.Setup);
            Assert.True(CloseTaxonomy.Classify(never) is { PassOn: true, Rungs: [Rung.End] });
            Assert.True(CloseTaxonomy.Classify(never with { SetupProven = true }) is { PassOn: false, Rungs: [Rung.NextEndpoint, Rung.End] });
        }
    }

    [Theory]
    [InlineData(400, BadSetup)]
    [InlineData(401, Auth)]
    [InlineData(403, Auth)]
    [InlineData(404, ModelMissing)]
    [InlineData(429, Quota)]
    [InlineData(500, Transient)]
    [InlineData(502, Transient)]
    [InlineData(503, Unavailable)]
    [InlineData(504, Transient)]
    public void Dial_RefusedWithHttp(int status, CloseCause cause) => Known(
        cause, new LinkEnding(new LinkLoss(LinkLossKind.DialRefused, null, $"The upgrade was answered with HTTP {status}.", status), ClosePhase.Dialling));

    [Fact]
    public void Dial_ThatTheOpenCircuitForbids_GoesElsewhereFirst()
    {
        var verdict = Known(Unavailable, new LinkEnding(new LinkLoss(LinkLossKind.CircuitOpen, null, "left alone"), ClosePhase.Dialling) { SetupProven = true });
        Assert.Equal([Rung.NextEndpoint, Rung.Resume, Rung.Fresh, Rung.Move, Rung.End], verdict.Rungs);
        Assert.Equal(BackOff.Exponential, verdict.BackOff);
        Assert.False(verdict.PassOn);
    }

    [Theory]
    [InlineData(1001, "", ClosePhase.Live, Transient)]
    [InlineData(1007, "Something new.", ClosePhase.Setup, BadSetup)]
    [InlineData(1007, "Something new.", ClosePhase.JustResumed, HandleRejected)]
    [InlineData(1007, "Something new.", ClosePhase.Live, BadFrame)]
    [InlineData(1008, "Something new.", ClosePhase.JustResumed, HandleRejected)]
    [InlineData(1008, "Something new.", ClosePhase.Live, Transient)]
    [InlineData(1009, "", ClosePhase.Live, BadFrame)]
    [InlineData(1011, "", ClosePhase.Live, Transient)]
    [InlineData(1011, "Something new.", ClosePhase.JustResumed, Transient)]
    [InlineData(1013, "", ClosePhase.Live, Unavailable)]
    [InlineData(4000, "request contains an invalid argument.", ClosePhase.Live, Transient)]
    public void Close_ThatNobodyHasSeen_HasASaneDefault_AndIsFlagged(int code, string reason, ClosePhase phase, CloseCause cause)
    {
        var verdict = CloseTaxonomy.Classify(Endings.Closed(code, reason, phase));
        Assert.Equal(cause, verdict.Cause);
        Assert.False(verdict.IsKnown);
    }

    [Fact]
    public void Close_WithoutACode_IsPeaceful() => Known(Clean, Endings.Closed(null, "", ClosePhase.Live));

    private static CloseVerdict Known(CloseCause cause, LinkEnding ending)
    {
        var row = CloseTaxonomy.Find(ending);
        Assert.True(row.Verdict.Cause == cause, $"{ending} is {row.Verdict.Cause}, not {cause}, by {row}");
        Assert.True(row.Verdict.IsKnown, $"{ending} is judged by a default: {row}");
        return row.Verdict;
    }
}
