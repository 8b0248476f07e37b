using System.Collections.Immutable;

namespace Orchestrator.Grains.Conversations;

/// <summary>Who said something.</summary>
public enum Speaker
{
    User,
    Model,
}

/// <summary>What one side said in a committed turn.</summary>
public sealed record SpokenText(int Turn, Speaker Speaker, string Text)
{
    /// <summary>A reply that a lost link cut off and that is given anew.</summary>
    public bool Cut { get; init; }

    /// <summary>Of an interaction that goes on: its question is not settled, and would be replayed.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Stands for speech of which there is no transcript.</summary>
    public static readonly string Untranscribed = Recovery.GatewayFrames.Note("the user said something here that was not transcribed");

    /// <summary>The interaction is over: everything that was said in it counts.</summary>
    public static ImmutableList<SpokenText> Settle(ImmutableList<SpokenText> history)
    {
        for (var i = history.Count - 1; i >= 0 && (history[i].IsOpen || history[i].Cut); i--)
        {
            history = history.SetItem(i, history[i] with { IsOpen = false });
        }

        return history;
    }

    /// <summary>Not what was said, but a word of ours about it.</summary>
    public bool IsNote { get; init; }

    /// <summary>Adds both sides of a turn; words of a turn that is there already are appended to it (late transcripts).</summary>
    public static ImmutableList<SpokenText> Add(ImmutableList<SpokenText> history, int turn, string userText, string modelText) =>
        Add(Add(history, new SpokenText(turn, Speaker.User, userText)), new SpokenText(turn, Speaker.Model, modelText));

    public static ImmutableList<SpokenText> Add(ImmutableList<SpokenText> history, SpokenText said)
    {
        if (said.Text.Length == 0)
        {
            return history;
        }

        // Nearly always among the last two.
        for (var i = history.Count - 1; i >= 0 && history[i].Turn >= said.Turn; i--)
        {
            if (history[i].Turn == said.Turn && history[i].Speaker == said.Speaker)
            {
                return history.SetItem(i, history[i].IsNote ? said : history[i] with { Text = history[i].Text + said.Text });
            }
        }

        // A late transcript of the question still stands before its answer.
        var at = history.Count;
        while (at > 0 && (history[at - 1].Turn > said.Turn || (history[at - 1].Turn == said.Turn && history[at - 1].Speaker > said.Speaker)))
        {
            at--;
        }

        return history.Insert(at, said);
    }
}
