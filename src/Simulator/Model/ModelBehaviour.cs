using Gemini.Live.Models;

namespace Gemini.Live.Simulator.Model;

/// <summary>One model as its server plays it: the catalog's entry read as decisions.</summary>
internal sealed record ModelBehaviour(string Id, ModelEntry Facts)
{
    /// <summary><c>thoughtsTokenCount</c> of a turn; 0 leaves it out.</summary>
    public int ThoughtTokens { get; init; }

    /// <summary>Tokens that the prompt costs before anything was said.</summary>
    public int PromptOverhead { get; init; }

    /// <summary>Upper bound of the effective silence duration.</summary>
    public TimeSpan MaxSilence { get; init; } = TimeSpan.FromMinutes(1);

    public FrameStyle Frames => Facts.Frames;

    /// <summary>Several turnComplete per request; only interactionStatus IDLE ends it.</summary>
    public bool ExtendedThinking => Facts.StatusEndsWork;

    /// <summary>The last seeded turn must be the user's, and clientContent takes effect only with turnComplete.</summary>
    public bool SeedsLikeChat => Facts.Seeding == SeedingStyle.LastTurnMustBeUser;

    /// <summary>contextUpdate is known: on 3.8 only, which nobody has confirmed (dossier §2.8).</summary>
    public bool ContextUpdate => Facts.Family is ModelFamily.Live38 or ModelFamily.Live38ExtendedThinking;

    /// <summary>Whether a call of a function declared with this behavior makes the model wait.</summary>
    public bool Blocks(string? behavior)
    {
        if (Facts.Functions.NonBlockingBlocks)
            return true;
        return behavior switch
        {
            "BLOCKING" => true,
            "NON_BLOCKING" => false,
            _ => Facts.Functions.Default == FunctionBehaviours.Blocking,
        };
    }

    public bool AllowsBehavior(string? behavior) =>
        behavior != "BLOCKING" || Facts.Functions.Allowed.HasFlag(FunctionBehaviours.Blocking);

    public bool AllowsThinkingLevel(string level) =>
        Facts.Thinking.Levels.Contains(level.ToLowerInvariant(), StringComparer.Ordinal);
}
