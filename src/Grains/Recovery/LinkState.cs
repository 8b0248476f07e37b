using System.Collections.Immutable;

namespace Orchestrator.Grains.Recovery;

/// <summary>Where the upstream connection stands (DESIGN §5, second region).</summary>
public abstract record LinkState
{
    private LinkState()
    {
    }

    /// <summary>No connection, and none is wanted: nobody is attached.</summary>
    public sealed record Parked : LinkState
    {
        public static readonly Parked Instance = new();
    }

    /// <summary>Dialling, or waiting for <c>setupComplete</c>.</summary>
    /// <param name="Link">Number of the connection.</param>
    /// <param name="Plan">How this connection restores the context.</param>
    public sealed record Connecting(int Link, ResumePlan Plan) : LinkState;

    /// <summary>Set up; input flows.</summary>
    public sealed record Live(int Link, ResumePlan Plan) : LinkState
    {
        /// <summary>Until when upstream may not have taken what it was sent: a replay is faster than speech.</summary>
        public long BehindUntil { get; init; } = long.MaxValue;

        /// <summary>The reply under way, or the last one, began while upstream may still have been hearing a replay.</summary>
        public bool BeganBehind => AnsweringSince < BehindUntil;

        /// <summary>Everything that was in the log when it took over has been handed to it.</summary>
        public bool Flushed { get; init; }

        /// <summary>The model has said something on this connection.</summary>
        public bool Answered { get; init; }

        /// <summary>A turn was committed on this connection.</summary>
        public bool TurnDone { get; init; }

        /// <summary>Moments for which upstream has not yet told a handle, oldest first.</summary>
        public ImmutableList<long> HandlesOwed { get; init; } = [];

        /// <summary>Upstream tells handles that no turn has asked for.</summary>
        public bool UnaskedHandles { get; init; }

        /// <summary>When the model began its present answer.</summary>
        public long AnsweringSince { get; init; }

        /// <summary>The model answers the seed, which nobody is to hear; ends with its <c>turnComplete</c>.</summary>
        public SeedReply SeedReply { get; init; }

        /// <summary>When this connection is to be replaced, if that is known.</summary>
        public Rotation? Rotation { get; init; }
    }

    /// <summary>A planned replacement: the old connection is closing, the next one is dialled already.</summary>
    /// <param name="Link">The old connection.</param>
    /// <param name="Next">How the next one gets the context.</param>
    public sealed record Rotating(int Link, ResumePlan Next) : LinkState;

    /// <summary>Waiting before the next try.</summary>
    public sealed record Recovering(ResumePlan Plan) : LinkState;

    /// <summary>The ladder has no rung left; the client was closed and may come back.</summary>
    public sealed record Exhausted : LinkState
    {
        public static readonly Exhausted Instance = new();
    }
}

/// <summary>Where the answer to a seed stands, on models that cannot be told a history without answering it.</summary>
public enum SeedReply
{
    None,
    /// <summary>Asked for; input waits, because a model that has not begun would take it for the same turn.</summary>
    Awaited,
    /// <summary>It comes in and is swallowed; input goes out and interrupts it.</summary>
    Swallowed,
    /// <summary>It was ended by nobody, and may go on.</summary>
    Interrupted,
}

/// <summary>When a connection is to be replaced. Milliseconds of the conversation.</summary>
/// <param name="WantedAt">From here on the next quiet moment is used.</param>
/// <param name="DueAt">From here on any moment at which the model does not speak.</param>
/// <param name="EndsAt">Upstream's announced end; null when only the connection's age speaks for a change.</param>
public sealed record Rotation(long WantedAt, long DueAt, long? EndsAt);
