namespace Orchestrator.Testing.Promises;

/// <summary>One thing that the model knows at the end, in the order in which it knows it.</summary>
public abstract record ContextItem
{
    private ContextItem()
    {
    }

    /// <summary>A word of the user's: heard, read or told.</summary>
    public sealed record Word(int Number, string Source) : ContextItem;

    /// <summary>A voice that is no whole word.</summary>
    public sealed record Damage(string Source) : ContextItem;

    /// <summary>Text of the user's without any of the test's words: a wrong or lost transcript.</summary>
    public sealed record Mumble(string Text) : ContextItem;

    /// <summary>What the model said itself.</summary>
    public sealed record Reply(string Text, byte[] Audio, string Ending) : ContextItem
    {
        public override string ToString() => $"Reply {Ending} '{Text}'";
    }

    /// <summary>What the model was told that it has said.</summary>
    public sealed record Told(string Text) : ContextItem;

    /// <summary>The gateway's own words.</summary>
    public sealed record Note(string Text, bool Content) : ContextItem;

    public sealed record Call(string Args) : ContextItem;

    public sealed record Result(string Text) : ContextItem;
}
