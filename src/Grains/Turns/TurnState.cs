namespace Orchestrator.Grains.Turns;

/// <summary>Where the exchange between user and model stands (DESIGN §5, first region).</summary>
public abstract record TurnState
{
    private TurnState()
    {
    }

    /// <summary>Nobody speaks and nothing is owed.</summary>
    public sealed record Idle : TurnState
    {
        public static readonly Idle Instance = new();
    }

    /// <summary>The user is inside an activity, or voiced audio has been heard.</summary>
    public sealed record UserSpeaking : TurnState
    {
        public static readonly UserSpeaking Instance = new();
    }

    /// <summary>The user has finished; the model has not begun.</summary>
    /// <param name="SinceMs">When the user finished.</param>
    public sealed record AwaitingModel(long SinceMs) : TurnState;

    /// <summary>The model's answer is coming in.</summary>
    public sealed record ModelSpeaking : TurnState
    {
        public static readonly ModelSpeaking Instance = new();
    }

    /// <summary>The model waits for function results.</summary>
    public sealed record ToolPending : TurnState
    {
        public static readonly ToolPending Instance = new();
    }

    /// <summary><c>generationComplete</c> has come; upstream delays <c>turnComplete</c> until playback would end.</summary>
    public sealed record PlaybackPending : TurnState
    {
        public static readonly PlaybackPending Instance = new();
    }

    /// <summary>The user cut the model off; <c>turnComplete</c> follows.</summary>
    public sealed record Interrupted : TurnState
    {
        public static readonly Interrupted Instance = new();
    }
}
