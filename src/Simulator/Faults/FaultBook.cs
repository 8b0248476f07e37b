namespace Gemini.Live.Simulator.Faults;

/// <summary>What a rule is matched against.</summary>
internal readonly record struct FaultPoint(FaultPhase Phase, string Model, int Connection, int SessionConnection, int Turn);

/// <summary>A rule with the count of its uses.</summary>
internal sealed class ArmedFault(FaultRule rule)
{
    public FaultRule Rule { get; } = rule;

    public int Used { get; private set; }

    /// <summary>Uses the rule once; false when it is used up.</summary>
    public bool TryUse()
    {
        if (IsSpent)
            return false;
        Used++;
        return true;
    }

    public bool IsSpent => Rule.Times != 0 && Used >= Rule.Times;

    /// <summary>Everything but the phase.</summary>
    public bool Matches(FaultPoint point) =>
        !IsSpent
        && (Rule.Model is null || point.Model.Contains(Rule.Model, StringComparison.Ordinal))
        && (Rule.Connection is not { } nth || nth == point.Connection)
        && (Rule.SessionConnection is not { } mth || mth == point.SessionConnection)
        && (Rule.Turn is not { } turn || turn == point.Turn);
}

/// <summary>The faults of a world. Guarded by the world's gate.</summary>
internal sealed class FaultBook(IEnumerable<FaultRule> rules)
{
    private ArmedFault[] _faults = [.. rules.Select(rule => new ArmedFault(rule))];

    public IReadOnlyList<ArmedFault> All => _faults;

    public void Replace(IEnumerable<FaultRule> rules) => _faults = [.. rules.Select(rule => new ArmedFault(rule))];

    public void Add(IEnumerable<FaultRule> rules) => _faults = [.. _faults, .. rules.Select(rule => new ArmedFault(rule))];

    /// <summary>Faults that strike by time or frame count within a phase.</summary>
    public IEnumerable<ArmedFault> Striking(FaultPoint point) =>
        _faults.Where(fault => IsStriking(fault.Rule.Action) && fault.Matches(point) && FitsPhase(fault.Rule, point.Phase));

    /// <summary>Uses the first rule with this action that matches, or answers null. The action itself says when it strikes, so the phase is not looked at.</summary>
    public FaultRule? Take(FaultAction action, FaultPoint point)
    {
        foreach (var fault in _faults)
        {
            if (fault.Rule.Action == action && fault.Matches(point) && fault.TryUse())
                return fault.Rule;
        }
        return null;
    }

    private static bool FitsPhase(FaultRule rule, FaultPhase phase) =>
        rule.Phase is { } wanted ? wanted == phase : phase is not (FaultPhase.Dial or FaultPhase.Replay or FaultPhase.Playback);

    private static bool IsStriking(FaultAction action) => action is FaultAction.Close or FaultAction.Abort
        or FaultAction.Silence or FaultAction.GoAway or FaultAction.SpuriousInterrupted or FaultAction.SlowPongs;
}
