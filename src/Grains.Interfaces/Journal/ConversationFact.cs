using System.Text.Json;
using System.Text.Json.Serialization;

namespace Orchestrator.Journal;

/// <summary>
/// What happened in a conversation, durable and in order. Facts are a storage format: members may be
/// added, never renamed, renumbered or given another meaning. The transcript and the usage are folds over them.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(ConversationOpened), "conversationOpened")]
[JsonDerivedType(typeof(ClientAttached), "clientAttached")]
[JsonDerivedType(typeof(ClientDetached), "clientDetached")]
[JsonDerivedType(typeof(LinkOpened), "linkOpened")]
[JsonDerivedType(typeof(LinkLost), "linkLost")]
[JsonDerivedType(typeof(LinkRecovered), "linkRecovered")]
[JsonDerivedType(typeof(RecoveryFailed), "recoveryFailed")]
[JsonDerivedType(typeof(CheckpointTaken), "checkpointTaken")]
[JsonDerivedType(typeof(ToolCalled), "toolCalled")]
[JsonDerivedType(typeof(ToolAnswered), "toolAnswered")]
[JsonDerivedType(typeof(ToolCancelled), "toolCancelled")]
[JsonDerivedType(typeof(ToolForgotten), "toolForgotten")]
[JsonDerivedType(typeof(ReplyGenerated), "replyGenerated")]
[JsonDerivedType(typeof(TurnCommitted), "turnCommitted")]
[JsonDerivedType(typeof(TurnAmended), "turnAmended")]
[JsonDerivedType(typeof(ContentGiven), "contentGiven")]
[JsonDerivedType(typeof(InputEvicted), "inputEvicted")]
[JsonDerivedType(typeof(OutputLost), "outputLost")]
[JsonDerivedType(typeof(ConversationMoved), "conversationMoved")]
[JsonDerivedType(typeof(InputQuarantined), "inputQuarantined")]
[JsonDerivedType(typeof(ConversationEnded), "conversationEnded")]
public abstract record ConversationFact
{
    private protected ConversationFact()
    {
    }
}

/// <summary>The conversation was created by a valid setup.</summary>
/// <param name="Tenant">Owner.</param>
/// <param name="Model">Model string of the setup, for example <c>models/gemini-3.8-live</c>.</param>
/// <param name="Setup">The client's <c>setup</c> object without its resumption handle; it holds on every link.</param>
public sealed record ConversationOpened(string Tenant, string Model, JsonElement Setup) : ConversationFact;

/// <summary>A client socket took the conversation; older attachments are refused from here on.</summary>
public sealed record ClientAttached(int Generation) : ConversationFact
{
    /// <summary>Names the socket where several front-ends and silos serve clients; the same when only the silo has changed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? Client { get; init; }
}

/// <summary>The client socket of that generation ended.</summary>
/// <param name="Code">The client's close code; null when the connection vanished.</param>
public sealed record ClientDetached(int Generation, int? Code, string Reason) : ConversationFact;

/// <summary>An upstream connection reached <c>setupComplete</c>.</summary>
/// <param name="Link">Number of the connection in this conversation, from 1.</param>
/// <param name="Lineage">Number of the upstream session; resumed links share it.</param>
/// <param name="Endpoint">Configured name of the upstream endpoint.</param>
/// <param name="Resumed">True when a handle was presented.</param>
/// <param name="ReplayedFrom">Input position after which input was sent again; null when nothing was.</param>
public sealed record LinkOpened(int Link, int Lineage, string Endpoint, bool Resumed, long? ReplayedFrom) : ConversationFact
{
    /// <summary>True when a new session was told what had been said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Seeded { get; init; }
}

/// <summary>
/// A lost or replaced connection has a successor that has all that it needs: the figures of a recovery. Times are
/// milliseconds.
/// </summary>
/// <param name="FromLink">The connection that was lost, or replaced as planned.</param>
/// <param name="ToLink">Its successor.</param>
/// <param name="Kind"><c>loss</c>, <c>rotation</c>, <c>stall</c> or <c>contextLost</c>.</param>
/// <param name="Code">Close code, if there was one.</param>
/// <param name="Cause">What the close was classified as, camelCase; <c>clean</c> when it was planned.</param>
/// <param name="Rung">How the successor got the context: <c>resume</c> or <c>fresh</c>.</param>
/// <param name="Endpoint">Where the successor is.</param>
/// <param name="Tries">Connections that were tried, the successor included.</param>
/// <param name="GapMs">From the loss to the moment at which all input had been sent again.</param>
/// <param name="DeadAirMs">Where a reply was due: from the loss, or the end of the question if that came later, to its first words; null elsewhere.</param>
/// <param name="ReplayedMs">Audio that was sent once more.</param>
/// <param name="RebilledTokens">Estimated tokens that upstream bills once more: replayed audio at 25 per second, and the told history.</param>
public sealed record LinkRecovered(
    int FromLink,
    int ToLink,
    string Kind,
    int? Code,
    string Cause,
    string Rung,
    string Endpoint,
    int Tries,
    long GapMs,
    long? DeadAirMs,
    long ReplayedMs,
    long RebilledTokens) : ConversationFact;

/// <summary>The recovery ladder had no rung left: the client was closed, and may come back with its handle.</summary>
/// <param name="AfterMs">Time since the loss.</param>
/// <param name="Reason">What the client was told.</param>
public sealed record RecoveryFailed(int Link, string Cause, int? Code, int Tries, long AfterMs, string Reason) : ConversationFact;

/// <summary>An upstream connection ended.</summary>
/// <param name="Kind">A <c>LinkLossKind</c> in camelCase.</param>
/// <param name="Cause">What the close was classified as, camelCase; <c>clean</c> when we closed it.</param>
public sealed record LinkLost(int Link, string Kind, int? Code, string Reason, string Cause) : ConversationFact;

/// <summary>A resumption handle became a checkpoint: the model's context covers all input up to <paramref name="Position"/>.</summary>
/// <param name="Handle">The upstream handle. Sealed by the store before it touches a disk.</param>
/// <param name="SetupHash">Hash of the setup it belongs to; another setup voids it.</param>
public sealed record CheckpointTaken(int Link, int Lineage, string Endpoint, string Handle, long Position, string SetupHash) : ConversationFact;

/// <summary>The model asked for a function. Durable before the client hears of it.</summary>
/// <param name="Turn">The turn in which it was first asked for.</param>
/// <param name="Id">What the client knows the call by; unique in the conversation, and usually upstream's own.</param>
public sealed record ToolCalled(int Turn, string Id, string Name, JsonElement Args) : ConversationFact;

/// <summary>A result for the call was received from the client, or the model was told that there is none.</summary>
public sealed record ToolAnswered(string Id, string Name, JsonElement Response) : ConversationFact
{
    /// <summary>True when more results of the same call follow.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool WillContinue { get; init; }
}

/// <summary>The model withdrew the call.</summary>
public sealed record ToolCancelled(string Id) : ConversationFact;

/// <summary>The call died with its silo before the client was asked: if the model wants it again, it is a new one.</summary>
public sealed record ToolForgotten(string Id) : ConversationFact;

/// <summary>How a turn ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TurnEnding>))]
public enum TurnEnding
{
    /// <summary>The model finished.</summary>
    Completed,
    /// <summary>The user cut the model off.</summary>
    Interrupted,
    /// <summary>A lost link cut the model off.</summary>
    Cut,
}

/// <summary>What one side said in a turn. Offsets are milliseconds since the conversation was opened.</summary>
/// <param name="Text">Transcript; empty when there is none.</param>
/// <param name="AudioMs">Milliseconds of audio: voiced audio sent by the user, or audio sent to the client.</param>
public sealed record Utterance(string Text, long StartMs, long EndMs, long AudioMs);

/// <summary>
/// One user turn and the model's answer, durable before the client hears <c>turnComplete</c>.
/// </summary>
/// <param name="Turn">Number in the conversation, from 1.</param>
/// <param name="InputFrom">First input position that belongs to the turn.</param>
/// <param name="InputTo">Last input position that belongs to the turn.</param>
/// <param name="OutputSeq">Number of the last output frame of the turn.</param>
/// <param name="User">What the user said; null when the model spoke unprompted.</param>
/// <param name="Model">What the model said; null for an empty turn.</param>
/// <param name="LatencyMs">From the end of the user's speech to the first audio of the model; null without either.</param>
/// <param name="Usage">Upstream's <c>usageMetadata</c> for the turn, unchanged; null when upstream sent none.</param>
public sealed record TurnCommitted(
    int Turn,
    long InputFrom,
    long InputTo,
    long OutputSeq,
    Utterance? User,
    Utterance? Model,
    TurnEnding Ending,
    long? LatencyMs,
    int Link,
    JsonElement? Usage) : ConversationFact
{
    /// <summary>True when upstream said that the interaction goes on (<c>interactionStatus</c> IN_PROGRESS): more turns answer the same request.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool InteractionOpen { get; init; }

    /// <summary>A cut reply that is not given anew: the next turn is the rest of it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Continues { get; init; }

    /// <summary>A turn that is still owed: characters of the user's transcribed words that the client has been told of it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Told { get; init; }
}

/// <summary>Words or usage that arrived after their turn was committed. Texts are appended to the turn's.</summary>
public sealed record TurnAmended(int Turn, string? UserText, string? ModelText, JsonElement? Usage) : ConversationFact;

/// <summary>The client told the model something without asking for an answer (<c>clientContent</c>).</summary>
/// <param name="Position">Its input position.</param>
/// <param name="Turn">The turn that it precedes.</param>
/// <param name="Role"><c>user</c> or <c>model</c>.</param>
public sealed record ContentGiven(long Position, int Turn, string Role, string Text) : ConversationFact;

/// <summary>
/// The model has generated a reply whole, and upstream plays it: whoever takes the conversation over before the turn is
/// committed commits it, and does not have it given anew.
/// </summary>
/// <param name="Turn">The turn that will be committed.</param>
/// <param name="InputTo">Last input position that it answers.</param>
/// <param name="User">What the user has said in the turn, as far as it is known.</param>
/// <param name="Told">Characters of the user's transcribed words that the client has been told by then.</param>
public sealed record ReplyGenerated(int Turn, long InputTo, string User, int Told) : ConversationFact;

/// <summary>The conversation left its silo for another, in order.</summary>
/// <param name="Why"><c>drain</c>; <c>recovery</c> when upstream could not be reached from here; <c>takeover</c> when the other one asked for it.</param>
public sealed record ConversationMoved(string Why) : ConversationFact;

/// <summary>Output of a committed turn died with its silo: the client has not heard the rest of it.</summary>
/// <param name="Turn">The turn, which was finished as far as the model is concerned.</param>
/// <param name="From">Number of the first output frame that did not arrive.</param>
/// <param name="To">Number of the last one.</param>
public sealed record OutputLost(int Turn, long From, long To) : ConversationFact;

/// <summary>Upstream refused this frame, which is not audio: it is not sent again.</summary>
/// <param name="Kind">What it carries, camelCase.</param>
/// <param name="Reason">Upstream's words.</param>
public sealed record InputQuarantined(long Position, string Kind, string Reason) : ConversationFact;

/// <summary>The input log was full and gave up its oldest video or audio.</summary>
public sealed record InputEvicted(long FromPosition, long ToPosition, long AudioMs, long Bytes) : ConversationFact
{
    /// <summary>Frames that were given up; when the range has more, the others are still there. 0: all of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Frames { get; init; }
}

/// <summary>The conversation is over and cannot be resumed.</summary>
/// <param name="Reason">Why, in one sentence.</param>
/// <param name="By">Who ended it: <c>client</c>, <c>tenant</c>, <c>upstream</c> or <c>platform</c>.</param>
public sealed record ConversationEnded(string Reason, string By) : ConversationFact;

/// <summary>
/// Stands at the place of a stored fact that this version cannot read: a type that a newer version wrote, or a
/// checkpoint whose key is gone. The stored bytes stay as they are; stores refuse to append this.
/// </summary>
/// <param name="StoredType">The type name that is stored.</param>
/// <param name="Why">What is wrong, in one sentence without content.</param>
public sealed record UnreadableFact(string StoredType, string Why) : ConversationFact;
