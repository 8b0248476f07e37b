using System.Collections.Immutable;
using System.Text.Json;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Tools;

namespace Orchestrator.Grains.Conversations;

/// <summary>Everything that can happen to a conversation, in the past tense.</summary>
public abstract record ConversationInput
{
    private ConversationInput()
    {
    }

    /// <summary>A client was attached; generation as in <see cref="ConversationState.Attachments"/>.</summary>
    public sealed record ClientAttached(int Generation, ClientWants Wants) : ConversationInput
    {
        /// <summary>It is the client that was there before: only what serves it has changed.</summary>
        public bool Moved { get; init; }

        /// <summary>As in <see cref="Attach.AttachRequest.Client"/>.</summary>
        public Guid? Client { get; init; }
    }

    /// <summary>The client of that generation closed (code) or vanished (null).</summary>
    public sealed record ClientDetached(int Generation, int? Code, string Reason) : ConversationInput;

    /// <summary>A client frame that needs a decision; steady audio ends at <see cref="MediaPath"/>.</summary>
    /// <param name="Seq">Its input position.</param>
    /// <param name="Traits">What is in it.</param>
    /// <param name="Text">What the user typed in it, for the transcript; null in audio.</param>
    public sealed record ClientSent(long Seq, InputTraits Traits, string? Text) : ConversationInput
    {
        /// <summary>Turns of a <c>clientContent</c> that are not the question.</summary>
        public ImmutableArray<(Speaker Speaker, string Text)> Given { get; init; } = [];
    }

    /// <summary>A client that came back repeated what is known already; that frame ends here.</summary>
    public sealed record ClientEchoedHistory : ConversationInput;

    /// <summary>Function results came with the frame at <paramref name="Seq"/>.</summary>
    public sealed record ClientAnsweredTools(long Seq, ImmutableArray<ToolResult> Results) : ConversationInput;

    /// <summary>The input log was full and gave up this many frames of that range.</summary>
    public sealed record InputEvicted(long From, long To, int Frames, long AudioMs, long Bytes) : ConversationInput;

    /// <summary>A frame arrived on a link.</summary>
    public sealed record LinkMessage(int Link, ServerNotice Notice) : ConversationInput;

    /// <summary>A link ended, after everything that it had sent.</summary>
    public sealed record LinkClosed(int Link, LinkLoss Loss) : ConversationInput;

    /// <summary>Everything that was in the log when a link took over has been handed to it.</summary>
    public sealed record ReplayFlushed(int Link, long AudioMs) : ConversationInput;

    /// <summary>A deadline came; ignored unless its generation is the armed one.</summary>
    public sealed record DeadlineElapsed(DeadlineKind Kind, int Generation) : ConversationInput;

    /// <summary>Facts up to this position are durable.</summary>
    public sealed record JournalCommitted(long Position) : ConversationInput;

    /// <summary>Another silo owns the conversation now.</summary>
    public sealed record OwnershipLost : ConversationInput;

    /// <summary>The silo shuts down: the conversation is put away, resumable.</summary>
    public sealed record StopRequested : ConversationInput;

    /// <summary>The silo has not heard from its database for a while: nobody could tell it that it has lost the conversation.</summary>
    /// <param name="AfterMs">For so long the client must have been gone, too.</param>
    public sealed record Isolated(long AfterMs) : ConversationInput;

    /// <summary>The silo is to be emptied: the conversation goes on at another, as soon as nothing is under way.</summary>
    /// <param name="AtOnce">It has waited long enough.</param>
    public sealed record DrainRequested(bool AtOnce) : ConversationInput;

    /// <summary>Another silo is about to take the conversation over, because its client is there.</summary>
    /// <param name="ClientRemembers">That client has been here: what is under way goes on there.</param>
    public sealed record ReleaseRequested(bool ClientRemembers) : ConversationInput;

    /// <summary>Someone with the right to do so ended it.</summary>
    public sealed record EndRequested(string Reason, string By) : ConversationInput;
}

/// <summary>A server frame as the step needs it: flags, and the few values that matter, already unescaped.</summary>
public sealed record ServerNotice(ServerParts Parts)
{
    public int AudioMs { get; init; }

    public string InputText { get; init; } = "";

    public string OutputText { get; init; } = "";

    /// <summary>A new resumption handle that may be used; null when the update has none.</summary>
    public string? Handle { get; init; }

    public JsonElement? Usage { get; init; }

    /// <summary>Time that goAway leaves.</summary>
    public long TimeLeftMs { get; init; }

    public ImmutableArray<ToolRequest> Calls { get; init; } = [];

    public ImmutableArray<string> CancelledCalls { get; init; } = [];

    public bool Has(ServerParts parts) => (Parts & parts) != 0;
}
