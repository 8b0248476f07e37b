using System.Collections.Immutable;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tools;
using Orchestrator.Grains.Turns;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Conversations;

/// <summary>
/// All that a conversation knows about itself, apart from bytes. Immutable except for <see cref="Media"/>,
/// which only <see cref="MediaPath"/> updates in place; the owner of the state is its single writer.
/// </summary>
public sealed record ConversationState
{
    /// <summary>Rules that do not change during the conversation.</summary>
    public required ConversationRules Rules { get; init; }

    /// <summary>Counters of the audio path.</summary>
    public MediaCounters Media;

    public TurnState Turn { get; init; } = TurnState.Idle.Instance;

    public TurnDraft Draft { get; init; } = TurnDraft.Empty;

    /// <summary>Number of committed turns, which is the number of the last one.</summary>
    public int Turns { get; init; }

    /// <summary>What the committed turns said, oldest first: what a client may repeat, and what a new session may be told.</summary>
    public ImmutableList<SpokenText> History { get; init; } = [];

    /// <summary>What upstream has transcribed lately, and may repeat.</summary>
    public TranscribedPieces Transcribed { get; init; } = TranscribedPieces.None;

    /// <summary>What the client told the model without asking for an answer, by the turn that it precedes.</summary>
    public ImmutableList<SpokenText> Given { get; init; } = [];

    /// <summary>The client came back with a handle and may tell us its whole history once more (LiveKit does).</summary>
    public bool EchoExpected { get; init; }

    /// <summary>Number of committed turns that the model finished or the user interrupted: what a new link must know of.
    /// A cut turn is not among them; it is owed again.</summary>
    public int Settled { get; init; }

    /// <summary>Last input position that a committed turn has answered.</summary>
    public long CommittedTo { get; init; }

    /// <summary>The functions that the model has called.</summary>
    public ToolBook Tools { get; init; } = ToolBook.Empty;

    /// <summary>Manual activity: true between activityStart and activityEnd.</summary>
    public bool ActivityOpen { get; init; }

    /// <summary>True between <c>interactionStatus</c> IN_PROGRESS and IDLE (extended thinking).</summary>
    public bool InteractionOpen { get; init; }

    public LinkState Link { get; init; } = LinkState.Parked.Instance;

    /// <summary>Number of connections so far, which is the number of the last one.</summary>
    public int Links { get; init; }

    /// <summary>Of a journal: the connection whose end is not in it, because it died with its silo; 0 when there is none.</summary>
    public int LeftOpen { get; init; }

    /// <summary>Number of upstream sessions so far; resumed connections stay in theirs.</summary>
    public int Lineage { get; init; }

    /// <summary>Configured name of the endpoint that the newest connection went to.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>The recovery under way, until a link has proven healthy.</summary>
    public RecoveryEpisode? Episode { get; init; }

    /// <summary>Links lost since the user's present turn began.</summary>
    public int LossesOnTurn { get; init; }

    /// <summary>The session's previous socket was not seen closed by upstream.</summary>
    public bool OldSocketMayBeOpen { get; init; }

    /// <summary>What has been tried to get an answer to the user's present turn.</summary>
    public StallWatch Stall { get; init; } = StallWatch.None;

    /// <summary>A resumed session has lost its context; it is replaced at the next quiet moment.</summary>
    public bool RepairDue { get; init; }

    /// <summary>The next socket is being dialled ahead.</summary>
    public bool LinkPrepared { get; init; }

    /// <summary>Tokens that upstream has billed, by its own account, and an estimate of those that recoveries cost again.</summary>
    public long UsedTokens { get; init; }

    public long RebilledTokens { get; init; }

    /// <summary>Prompt tokens of the newest turn that told them; null before.</summary>
    public int? PromptTokens { get; init; }

    /// <summary>Frames that are not audio, newest last: what may be at fault when upstream refuses one.</summary>
    public ImmutableList<Suspect> Suspects { get; init; } = [];

    /// <summary>The newest refusal of a frame; the same once more, and the frame goes into quarantine.</summary>
    public (int? Code, string Reason)? RefusedWith { get; init; }

    /// <summary>Whether input waits for the result of a call.</summary>
    public CallHold HoldsForCall { get; init; }

    /// <summary>A call of the present turn was lost because upstream heard something meanwhile.</summary>
    public bool IsCareful { get; init; }

    /// <summary>It was the same twice in a row.</summary>
    public bool RefusedAgain { get; init; }

    /// <summary>The newest handle that may be resumed, if any.</summary>
    public Checkpoint? Checkpoint { get; init; }

    /// <summary>The wait for a handle at a turn boundary, if one is under way.</summary>
    public CheckpointHold? Hold { get; init; }

    public EdgeState Edge { get; init; } = EdgeState.None.Instance;

    /// <summary>The newest client, where clients have names.</summary>
    public Guid? Client { get; init; }

    /// <summary>Number of attachments so far; only the newest is listened to.</summary>
    public int Attachments { get; init; }

    /// <summary>When clients that were alive were sent away by a newer one, oldest first; no more than decide anything.</summary>
    public ImmutableArray<long> Displacements { get; init; } = [];

    /// <summary>Position of the newest fact, durable or not.</summary>
    public long Journal { get; init; }

    /// <summary>Position of the newest commit whose <c>turnComplete</c> waits for it; 0 when none waits.</summary>
    public long AwaitedCommit { get; init; }

    /// <summary>Trims that wait until a fact is durable: the log may lose input up to <c>Input</c> when <c>Fact</c> is.</summary>
    public (long Fact, long Input) PendingTrim { get; init; }

    /// <summary>Generation of the newest deadline; older ones are ignored by name.</summary>
    public int Deadlines { get; init; }

    /// <summary>Generations of the deadlines that are armed.</summary>
    public ImmutableDictionary<DeadlineKind, int> Armed { get; init; } = ImmutableDictionary<DeadlineKind, int>.Empty;

    public bool Ended { get; init; }

    /// <summary>The silo is being emptied.</summary>
    public bool Draining { get; init; }

    /// <summary>Times that a recovery went to another silo since a turn was settled.</summary>
    public int Moves { get; init; }

    /// <summary>What the client has heard beyond the journal, until it is attached; null unless another silo was lost with it attached.</summary>
    public ClientHas? Takeover { get; init; }

    /// <summary>Newest fact of a turn; null before the first.</summary>
    public TurnCommitted? LastTurn { get; init; }

    /// <summary>A reply of the journal that was generated whole and not committed; null when there is none.</summary>
    public ReplyGenerated? Generated { get; init; }

    /// <summary>Of the journal's newest turn, if it is still owed: characters of the user's transcribed words that the client
    /// was told, and those that are in its facts.</summary>
    public (int Told, int Written) Owed { get; init; }

    /// <summary>Newest input position whose content is in a fact already.</summary>
    public long GivenTo { get; init; }

    /// <summary>The model has answered under this setup, so the setup cannot be what is wrong.</summary>
    public bool SetupProven => Settled > 0 || Checkpoint is not null;

    /// <summary>The model waits for a function, or has been given a result that it has not spoken about.</summary>
    public bool AwaitsTools => Tools.IsPendingOn(Link is LinkState.Live live ? live.Link : 0);

    /// <summary>Nothing said since the last committed turn: old microphone silence is of no use to anyone.</summary>
    public bool IsQuiet => Turn is TurnState.Idle && Media.LastMeaningful <= CommittedTo;
}

/// <summary>Whether a client is attached.</summary>
public abstract record EdgeState
{
    private EdgeState()
    {
    }

    public sealed record None : EdgeState
    {
        public static readonly None Instance = new();
    }

    public sealed record Attached(int Generation, ClientWants Wants) : EdgeState;

    /// <summary>The client vanished, at this time; its link is kept for the grace time.</summary>
    public sealed record Lost(int Generation, ClientWants Wants, long Since) : EdgeState;
}

/// <summary>A wait at a turn boundary: unvoiced audio is held so that the next handle covers exactly <paramref name="Position"/>.</summary>
/// <param name="Position">Last input position that went out before the hold.</param>
/// <param name="Overdue">The time for the handle is over, but nothing is being held up: the next input ends the wait.</param>
public sealed record CheckpointHold(long Position, bool Overdue);

/// <summary>What the step may ask to be woken for.</summary>
public enum DeadlineKind
{
    /// <summary><c>setupComplete</c> of a connection is overdue.</summary>
    LinkSetup,
    /// <summary>The next try of a recovery is due.</summary>
    LinkRetry,
    /// <summary>A connection has lived long enough to be called healthy.</summary>
    LinkHealthy,
    /// <summary>The old connection has not answered our close.</summary>
    LinkClosing,
    /// <summary>A planned replacement of the connection is to be considered.</summary>
    Rotate,
    /// <summary>The model has not begun to answer its seed.</summary>
    SeedReply,
    /// <summary>No handle came at the turn boundary.</summary>
    CheckpointHold,
    /// <summary>A commit is overdue.</summary>
    Commit,
    /// <summary>The client did not come back.</summary>
    Grace,
    /// <summary>The model owes an answer and gives none.</summary>
    Stall,
    /// <summary>A reply that somebody seemed to have interrupted has not gone on.</summary>
    Swallowed,
    /// <summary>An interaction that was to go on has not.</summary>
    Interaction,
    /// <summary>Input has waited for the result of a call for too long.</summary>
    CallHold,
    /// <summary>A result is still to be told, and no pause has come.</summary>
    ToolNotes,
}

/// <summary>Numbers that the step decides by; configuration and model decide them once.</summary>
/// <param name="ManualActivity">The client marks its turns with activityStart and activityEnd.</param>
/// <param name="SilenceMs">Silence that ends the user's turn under automatic activity detection.</param>
/// <param name="InitialHistory">The first complete clientContent is history and gets no answer (<c>historyConfig</c>).</param>
/// <param name="Endpoints">Configured names of the upstream endpoints, in the order in which this conversation tries them.</param>
/// <param name="SetupHash">Hash of the setup that checkpoints are bound to.</param>
public sealed record ConversationRules(bool ManualActivity, long SilenceMs, bool InitialHistory, ImmutableArray<string> Endpoints, string SetupHash)
{
    /// <summary>What recovery must know about the model.</summary>
    public ModelTraits Model { get; init; } = new();

    /// <summary>Functions that may run again for the same request; any other runs once.</summary>
    public ImmutableHashSet<string> RepeatableTools { get; init; } = ImmutableHashSet<string>.Empty;

    /// <summary>There are other silos, and whoever attaches clients follows a conversation there.</summary>
    public bool MayMove { get; init; }

    /// <summary>Budgets of the recovery ladder.</summary>
    public RecoveryPolicy Policy { get; init; } = new();

    /// <summary>How long unvoiced audio is held for a handle at a turn boundary (DESIGN §7).</summary>
    public long CheckpointHoldMs { get; init; } = 200;

    /// <summary>How long a link may take from dial to <c>setupComplete</c>.</summary>
    public long LinkSetupMs { get; init; } = 10_000;

    /// <summary>A commit that takes longer detaches the client.</summary>
    public long CommitMs { get; init; } = 10_000;

    /// <summary>How long a vanished client's link is kept.</summary>
    public long GraceMs { get; init; } = 60_000;

    /// <summary>So often within the window clients may take the conversation from one another.</summary>
    public int MaxDisplacements { get; init; } = 6;

    public long DisplacementWindowMs { get; init; } = 30_000;
}

/// <summary>What recovery must know about the model; from its catalog entry and the setup.</summary>
public sealed record ModelTraits
{
    /// <summary>A history must end with the user and is answered; otherwise <c>historyConfig</c> takes it without an answer.</summary>
    public bool SeedEndsWithUser { get; init; }

    /// <summary>The model may rightly answer speech with silence.</summary>
    public bool MayStaySilent { get; init; }

    /// <summary>A request may be answered in several turns; only <c>interactionStatus</c> says which was the last.</summary>
    public bool StatusEndsWork { get; init; }

    /// <summary>Input while a call is pending may end the connection.</summary>
    public bool RefusesInputDuringCall { get; init; }

    /// <summary>Size of the context window, in tokens.</summary>
    public int ContextTokens { get; init; } = 131_072;

    /// <summary>To how many tokens compression cuts the context.</summary>
    public int CompressedTokens { get; init; } = 52_428;
}
