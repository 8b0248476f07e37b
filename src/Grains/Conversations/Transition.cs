using Orchestrator.Attach;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Conversations;

/// <summary>One step in the making: the state so far and the effects so far.</summary>
internal sealed class Transition(ConversationState state, long nowMs, List<Effect> effects)
{
    public ConversationState State { get; set; } = state;

    public long Now { get; } = nowMs;

    public void Emit(Effect effect) => effects.Add(effect);

    public void Count(string what) => effects.Add(new Effect.Count(what));

    /// <summary>Appends a fact and returns its position.</summary>
    public long Append(ConversationFact fact, Durability durability = Durability.Written)
    {
        var position = State.Journal + 1;
        State = State with { Journal = position };
        effects.Add(new Effect.Append(position, fact, durability));
        return position;
    }

    public void Arm(DeadlineKind kind, long atMs, long spreadMs = 0)
    {
        var generation = State.Deadlines + 1;
        State = State with { Deadlines = generation, Armed = State.Armed.SetItem(kind, generation) };
        effects.Add(new Effect.ArmDeadline(kind, generation, atMs, spreadMs));
    }

    public void Disarm(DeadlineKind kind)
    {
        if (State.Armed.ContainsKey(kind))
        {
            State = State with { Armed = State.Armed.Remove(kind) };
            effects.Add(new Effect.DisarmDeadline(kind));
        }
    }

    public void CloseClient(EdgeClose close, bool atOnce = false)
    {
        if (State.Edge is EdgeState.Attached)
        {
            effects.Add(new Effect.CloseClient(close, atOnce));
        }

        State = State with { Edge = EdgeState.None.Instance };
        Disarm(DeadlineKind.Grace);
    }
}
