using Gemini.Live.Simulator.Faults;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>When something breaks, as the issue counts it.</summary>
public enum Moment
{
    UserSpeech,
    Awaiting,
    ModelSpeech,
    ToolRound,
    Idle,
}

internal static class Moments
{
    public static readonly Moment[] All = Enum.GetValues<Moment>();

    /// <summary>The same moment of the second exchange, for a rule that says what happens then.</summary>
    public static FaultRule At(this FaultRule rule, Moment moment, int turn = 2)
    {
        (rule.Phase, rule.AfterMs, rule.Turn) = moment switch
        {
            Moment.UserSpeech => (FaultPhase.UserSpeech, 350, turn),
            Moment.Awaiting => (FaultPhase.Awaiting, 120, turn),
            Moment.ModelSpeech => (FaultPhase.ModelSpeech, 500, turn),
            Moment.ToolRound => (FaultPhase.ToolRound, 150, turn),
            _ => (FaultPhase.Idle, 300, turn + 1),
        };
        return rule;
    }

    /// <summary>Three exchanges, of which the second is the one that matters.</summary>
    public static IReadOnlyList<PlannedTurn> Plan(Moment moment, bool typed, TimeSpan wait) =>
    [
        new PlannedTurn { Count = 2, Pause = 200.Ms() },
        new PlannedTurn { Count = 4, Pause = 700.Ms(), Calls = moment == Moment.ToolRound ? 1 : 0 },
        new PlannedTurn { Count = 2, Pause = wait, Manner = typed ? Manner.Typed : Manner.Spoken },
        new PlannedTurn { Count = 2, Pause = 300.Ms() },
    ];

    /// <summary>The behaviour under which the model waits for a function, where that has to be said.</summary>
    public static string? Blocking(string model) => model == "gemini-3.8-live" ? "BLOCKING" : null;
}
