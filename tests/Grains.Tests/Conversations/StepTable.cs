using System.Text;
using System.Text.RegularExpressions;
using Orchestrator.Grains.Conversations;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>One region of the step as tables: every prepared state meets every input, for real.</summary>
/// <param name="Region">The state that the tables are about.</param>
/// <param name="States">Columns; each makes a scenario that is in that state.</param>
/// <param name="Inputs">Rows.</param>
internal sealed record StepTable(Func<ConversationState, object> Region, IReadOnlyList<StepTable.Column> States, IReadOnlyList<StepTable.Row> Inputs)
{
    /// <param name="Name">The state's name, with what else is true of it after a comma.</param>
    /// <param name="Prepare">Makes it; with manual activity if asked so.</param>
    internal sealed record Column(string Name, Func<bool, Scenario> Prepare);

    /// <param name="Name">What happens.</param>
    /// <param name="Happen">Makes it happen.</param>
    internal sealed record Row(string Name, Action<Scenario> Happen)
    {
        /// <summary>Only clients that mark their turns send it.</summary>
        public bool Manual { get; init; }

        /// <summary>What has to be the case before; a state that this leads away from has no such cell.</summary>
        public Action<Scenario> Given { get; init; } = _ => { };

        /// <summary>A deadline, which comes only if it is armed.</summary>
        public DeadlineKind? Deadline { get; init; }
    }

    private sealed record Cell(string Next, bool Changes, string Effects)
    {
        /// <summary>From the past: ignored by name.</summary>
        public bool IsStale => !Changes && Effects is "Count staleLink" or "Count staleDetach";
    }

    public static Row Due(string name, DeadlineKind kind, long afterMs = 0) => new(name, s => s.After(afterMs).Elapse(kind)) { Deadline = kind };

    /// <summary>The next states, one row for each input.</summary>
    public string NextStates()
    {
        var text = new StringBuilder("| |").AppendJoin('|', States.Select(state => $" **{state.Name}** ")).Append("|\n|---|").Append(string.Concat(States.Select(_ => "---|"))).Append('\n');
        foreach (var input in Inputs)
        {
            text.Append($"| {input.Name} |").AppendJoin('|', States.Select(state => Try(state, input) switch
            {
                null => " ",
                { IsStale: true } => " × ",
                { Changes: false, Effects: "" } => " · ",
                { Changes: false } => " ↻ ",
                { Next: var next } => $" {next} ",
            })).Append("|\n");
        }

        return text.ToString();
    }

    /// <summary>The effects, one row for each state and input that has any, apart from inputs from the past.</summary>
    public string Effects()
    {
        var text = new StringBuilder("| state | input | next state | effects, in order |\n|---|---|---|---|\n");
        foreach (var state in States)
        {
            foreach (var input in Inputs)
            {
                if (Try(state, input) is { IsStale: false } cell && (cell.Changes || cell.Effects.Length > 0))
                {
                    text.Append($"| {state.Name} | {input.Name} | {(cell.Changes ? cell.Next : "↻")} | {cell.Effects} |\n");
                }
            }
        }

        return text.ToString();
    }

    private Cell? Try(Column column, Row row)
    {
        var s = column.Prepare(row.Manual);
        var before = Name(Region(s.State));
        Assert.Equal(column.Name.Split(',')[0], before);
        row.Given(s);
        if (Name(Region(s.State)) != before || (row.Deadline is { } deadline && !s.State.Armed.ContainsKey(deadline)))
        {
            return null;
        }

        var known = s.All.Count;
        row.Happen(s);
        var next = Name(Region(s.State));
        return new Cell(next, next != before, string.Join(", ", s.All.Skip(known).Select(Effect)));
    }

    private static string Name(object state) => state.GetType().Name;

    private static string Effect(Effect effect) => effect switch
    {
        Effect.Append append => $"Append {append.Fact.GetType().Name}",
        Effect.Count count => $"Count {count.What}",
        Effect.ArmDeadline arm => $"Arm {arm.Kind}",
        Effect.DisarmDeadline disarm => $"Disarm {disarm.Kind}",
        Effect.OpenLink open => $"**OpenLink** {open.Plan.GetType().Name}",
        Effect.SendToClient send => $"**SendToClient** {Union(send.Frame)}",
        Effect.SendUpstream send => $"**SendUpstream** {Union(send.Frame)}",
        Effect.CloseClient close => $"**CloseClient** {close.Close.Code}",
        _ => $"**{effect.GetType().Name}**",
    };

    /// <summary>The first two names of a frame of our own: what it is.</summary>
    private static string Union(ReadOnlyMemory<byte> frame) => string.Join('.', Regex
        .Matches(Encoding.UTF8.GetString(frame.Span), "\"(?<name>[A-Za-z]+)\":", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
        .Take(2)
        .Select(match => match.Groups["name"].Value));
}
