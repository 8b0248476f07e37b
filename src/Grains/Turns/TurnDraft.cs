using System.Collections.Immutable;
using System.Text.Json;
using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Turns;

/// <summary>The turn in progress: what will be committed when it ends.</summary>
public sealed record TurnDraft
{
    public static readonly TurnDraft Empty = new();

    /// <summary>True from the model's first reaction on: what the user says then belongs to the next turn.</summary>
    public bool Answering { get; init; }

    /// <summary>Last input position that the model's answer is an answer to.</summary>
    public long AnsweredTo { get; init; }

    /// <summary>Speech, beyond what is settled, that upstream had certainly heard when the answer began, by what it had transcribed.</summary>
    public long HeardMs { get; init; }

    /// <summary>What the user said in this turn, typed or transcribed.</summary>
    public string UserText { get; init; } = "";

    /// <summary>The pieces of <see cref="UserText"/> that were typed.</summary>
    public ImmutableList<TypedText> Pieces { get; init; } = [];

    /// <summary>All of <see cref="Pieces"/>: upstream does not transcribe it again after a replay.</summary>
    public string Typed => TypedText.Join(Pieces);

    /// <summary>Words of the user that came while the model was answering; they open the next turn.</summary>
    public string NextUserText { get; init; } = "";

    /// <summary>The typed pieces of <see cref="NextUserText"/>.</summary>
    public ImmutableList<TypedText> NextPieces { get; init; } = [];

    /// <summary>All of <see cref="NextPieces"/>.</summary>
    public string NextTyped => TypedText.Join(NextPieces);

    /// <summary>When the user finished those words; 0 when still speaking or silent.</summary>
    public long NextAskedAt { get; init; }

    public string ModelText { get; init; } = "";

    /// <summary>Characters of transcribed speech of this turn that the client was told.</summary>
    public int Shown { get; init; }

    /// <summary>The same of the words that open the next turn.</summary>
    public int NextShown { get; init; }

    /// <summary>Characters of transcript that upstream will repeat for replayed speech, and that the client has already.</summary>
    public int Withheld { get; init; }

    /// <summary>Characters of transcript of this turn that are in a fact already: an earlier part of the same interaction.</summary>
    public int Journaled { get; init; }

    /// <summary>Characters of transcript that upstream will repeat for replayed speech, and that are in a fact already.</summary>
    public int Unwritten { get; init; }

    /// <summary>What the client has read of a transcript before a replay; unknown ("") when some of it was typed, or when parts of it are in facts.</summary>
    public string Read { get; init; } = "";

    /// <summary>The part of it that upstream still owed when the turn was settled: it may come at any time, and the client has it.</summary>
    public string DueAgain { get; init; } = "";

    /// <summary>Characters at its beginning that are in a fact already.</summary>
    public int DueWritten { get; init; }

    /// <summary>What the client told the model in this turn without asking for an answer, with its input position.</summary>
    public ImmutableList<(long Seq, SpokenText Said)> Given { get; init; } = [];

    /// <summary>The user's speech, taken from the counters when the model began to answer; times in ms, 0 when silent.</summary>
    public (long FirstAt, long LastAt, long VoicedMs) Speech { get; init; }

    /// <summary>When the user's turn was over: last voiced audio, activity end, text; 0 when the model speaks unprompted.</summary>
    public long AskedAt { get; init; }

    public JsonElement? Usage { get; init; }

    /// <summary>Kinds of frames that the answer consists of so far; steady audio is in the counters only.</summary>
    public ServerParts Parts { get; init; }

    /// <summary>The model has reacted since it had to wait, and not spoken: what it was given meanwhile is still to be spoken about.</summary>
    public bool OnlyThinks { get; init; }

    /// <summary>What the user said last may cross the answer on its way, and interrupt it.</summary>
    public bool Crosses { get; init; }

    /// <summary>The model had begun to answer, so that it is certain that somebody asked; the answer is to be given anew.</summary>
    public bool IsOwed { get; init; }

    /// <summary>The answer that is owed is the rest of the one before.</summary>
    public bool Continues { get; init; }

    /// <summary>The reply before may only have announced the answer that is owed.</summary>
    public bool IsAnnounced { get; init; }

    /// <summary>Upstream expects the user to go on (<c>waitingForInput</c>).</summary>
    public bool WaitsForUser { get; init; }

    /// <summary>Upstream ended the turn in the middle of a sentence, and was asked for the rest, which has not begun.</summary>
    public bool AwaitsRest { get; init; }

    /// <summary>Upstream was asked for the rest of this turn.</summary>
    public bool RestAsked { get; init; }

    /// <summary>An <c>interrupted</c> was swallowed at this place; the <c>turnComplete</c> that belongs to it will be.</summary>
    public ReplyMark? Swallowing { get; init; }

    /// <summary>Both were swallowed at this place; the reply is to go on.</summary>
    public ReplyMark? Swallowed { get; init; }

    /// <summary>The turn as it begins when its input is sent once more: transcripts come again, and the client has them.</summary>
    public TurnDraft Replayed() => this with { UserText = Journaled > 0 ? "" : Typed, Withheld = Shown, Unwritten = Journaled, Read = ReadBefore() };

    /// <summary>The part of <see cref="Read"/> that upstream has not repeated yet.</summary>
    public string DueOfRead() => Withheld <= Read.Length ? Read[^Withheld..] : "";

    /// <summary>All that the client has read of the transcript of this turn, as far as it is known.</summary>
    public string ReadBefore() =>
        !Pieces.IsEmpty ? ""
        : Journaled == 0 && UserText.Length == Shown ? UserText
        : Read.Length == Shown ? Read
        : Journaled > 0 && Read.Length + UserText.Length == Shown ? Read + UserText
        : "";
}
