using System.Collections.Immutable;
using System.Text.Json;

namespace Orchestrator.Grains.Tools;

/// <summary>What has become of a function call.</summary>
public enum CallStatus
{
    /// <summary>The client has been asked, and is expected to answer.</summary>
    Open,
    /// <summary>The result is here.</summary>
    Answered,
    /// <summary>The model has withdrawn it.</summary>
    Cancelled,
    /// <summary>The turn that it belonged to was answered anew without it: nobody wants its result.</summary>
    Vanished,
    /// <summary>Asked before this process began: whether anybody is still at it is not known.</summary>
    Unknown,
}

/// <summary>
/// One function call as the client knows it. The model may make it several times, on one connection after the other, when
/// its turn is replayed; the client is asked once.
/// </summary>
/// <param name="Id">What the client calls it; unique in the conversation.</param>
/// <param name="Turn">The turn that it was last made in.</param>
public sealed record BookedCall(string Id, string Name, JsonElement Args, int Turn)
{
    public CallStatus Status { get; init; } = CallStatus.Open;

    /// <summary>What upstream called it when it was last made.</summary>
    public string UpstreamId { get; init; } = "";

    /// <summary>The connection on which it was last made; no other knows <see cref="UpstreamId"/>.</summary>
    public int Link { get; init; }

    /// <summary>Last input position of the question that it was last made for: settled with that, and not before.</summary>
    public long Question { get; init; }

    /// <summary>The same of when it was made before, if only its name is the same now: the model may be at an earlier question.</summary>
    public (int Link, long Question)? Otherwise { get; init; }

    /// <summary>What the client answered: <c>functionResponses</c> as they came, the last of them final once it is answered.</summary>
    public ImmutableList<ToolResult> Results { get; init; } = [];

    /// <summary>Input position of the newest of them; 0 when it did not come from the client, or not in a frame that went on as it was.</summary>
    public long Seq { get; init; }

    /// <summary>The connection whose model has been given the result; 0 for none.</summary>
    public int ToldOn { get; init; }

    /// <summary>When it was told the result in words; 0 when it was not.</summary>
    public long ToldAt { get; init; }

    /// <summary>The model has said something since it was given the result.</summary>
    public bool IsSpokenAbout { get; init; }

    /// <summary>The turn of the call is settled: it will not be made again.</summary>
    public bool IsSettled { get; init; }

    /// <summary>A turn is settled that could make use of the result.</summary>
    public bool IsSeen { get; init; }

    /// <summary>A result that came after its turn was settled, and that no settled turn has made use of yet.</summary>
    public bool IsOwed => Status == CallStatus.Answered && IsSettled && !IsSeen;

    /// <summary>There is nothing that the model should say about it.</summary>
    public bool EndsSilently => Results is [.., { IsSilent: true }];

    /// <summary>The model's own knowledge of it is enough to wait for the result.</summary>
    public bool IsOpenOn(int link) => Status == CallStatus.Open && Link == link;
}

/// <summary>One result, as a member of a <c>toolResponse</c>.</summary>
/// <param name="Response">The function's answer.</param>
/// <param name="WillContinue">More of them follow.</param>
public sealed record ToolResult(string Id, string Name, JsonElement Response, bool WillContinue)
{
    /// <summary>The whole member, with what else it says; undefined for a result of the gateway's own.</summary>
    public JsonElement Frame { get; init; }

    /// <summary>The model is to take note of it without saying anything.</summary>
    public bool IsSilent { get; init; }
}

/// <summary>One function call, as a member of a <c>toolCall</c>.</summary>
public sealed record ToolRequest(string Id, string Name, JsonElement Args)
{
    /// <summary>The whole member, with what else it says; undefined when only the parts are known.</summary>
    public JsonElement Frame { get; init; }
}
