using System.Collections.Immutable;
using Orchestrator.Attach;
using Orchestrator.Grains.Recovery;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Conversations;

/// <summary>Everything that a conversation can do to the world, in the imperative; performed in order.</summary>
public abstract record Effect
{
    private Effect()
    {
    }

    /// <summary>Dial, send the setup (with the plan's handle), and report frames and the end of this link.</summary>
    public sealed record OpenLink(int Link, ResumePlan Plan) : Effect;

    public sealed record CloseLink(int Link) : Effect;

    /// <summary>The link is gone; nothing can be sent on it.</summary>
    public sealed record DropLink : Effect
    {
        public static readonly DropLink Instance = new();
    }

    /// <summary>Dial the endpoint ahead, without a setup; the next link that goes there uses the socket if it is still good.</summary>
    public sealed record PrepareLink(string Endpoint) : Effect;

    /// <summary>Send a frame of our own making before any further input.</summary>
    public sealed record SendUpstream(ReadOnlyMemory<byte> Frame) : Effect;

    /// <summary>Never send this input frame again.</summary>
    public sealed record QuarantineInput(long Position) : Effect;

    /// <summary>From now on input after this position goes out on the live link, oldest first.</summary>
    public sealed record SendInputAfter(long Position) : Effect;

    /// <summary>Keep input in the log; send none.</summary>
    public sealed record HoldInput : Effect
    {
        public static readonly HoldInput Instance = new();
    }

    /// <summary>Send input up to this position and no further.</summary>
    public sealed record HoldInputAfter(long Position) : Effect;

    /// <summary>Go on where <see cref="HoldInput"/> stopped.</summary>
    public sealed record ReleaseInput : Effect
    {
        public static readonly ReleaseInput Instance = new();
    }

    /// <summary>Forget input up to this position.</summary>
    public sealed record TrimInput(long Position) : Effect;

    /// <summary>Pass the frame in hand to the client, without the transcriptions that it did not ask for.</summary>
    public sealed record ForwardFrame(bool StripInput, bool StripOutput) : Effect
    {
        /// <summary>What it says about functions goes to the client in a frame of our own, or not at all.</summary>
        public bool StripTools { get; init; }

        /// <summary>Fact that must be durable before it may leave; 0 for none.</summary>
        public long AfterFact { get; init; }

        /// <summary>Of a frame that has content and the end of a turn in it, only the content.</summary>
        public bool WithoutTurnEnd { get; init; }

        /// <inheritdoc cref="SendToClient.Calls"/>
        public ImmutableArray<string> Calls { get; init; } = [];
    }

    /// <summary>Pass the frame in hand to the client: content at once, the end of the turn once the fact is durable.</summary>
    public sealed record ForwardTurnEnd(bool StripInput, bool StripOutput, long AfterFact) : Effect
    {
        /// <inheritdoc cref="ForwardFrame.StripTools"/>
        public bool StripTools { get; init; }
    }

    /// <summary>Send a frame of our own making, once the fact is durable (0: at once).</summary>
    public sealed record SendToClient(ReadOnlyMemory<byte> Frame, OutputTraits Traits, long AfterFact) : Effect
    {
        /// <summary>Function calls that it asks the client for.</summary>
        public ImmutableArray<string> Calls { get; init; } = [];
    }

    /// <summary>The client has answered this call, so it has all output up to the frame that asked for it.</summary>
    public sealed record ConfirmCall(string Id) : Effect;

    /// <summary>The call was withdrawn: a client that comes back is not asked for it again.</summary>
    public sealed record ForgetCall(string Id) : Effect;

    /// <summary>The user interrupted: audio of this turn that the client has not confirmed is not worth sending again.</summary>
    public sealed record DiscardAudio : Effect
    {
        public static readonly DiscardAudio Instance = new();
    }

    /// <summary>Close the client's socket: after all that is still to be delivered, or at once.</summary>
    public sealed record CloseClient(EdgeClose Close, bool AtOnce) : Effect;

    /// <summary>Write a fact at this journal position.</summary>
    public sealed record Append(long Position, ConversationFact Fact, Durability Durability) : Effect;

    /// <param name="SpreadMs">Up to so much later, by chance.</param>
    public sealed record ArmDeadline(DeadlineKind Kind, int Generation, long AtMs, long SpreadMs) : Effect;

    public sealed record DisarmDeadline(DeadlineKind Kind) : Effect;

    /// <summary>Finish writing, give up ownership and leave memory.</summary>
    public sealed record Release(string Reason) : Effect;

    /// <summary>Something worth a number in the metrics happened: an input from the past, a checkpoint that was missed.</summary>
    public sealed record Count(string What) : Effect;
}
