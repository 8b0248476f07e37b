namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>How the user says something.</summary>
internal enum Manner
{
    Spoken,

    /// <summary><c>realtimeInput.text</c>.</summary>
    Typed,

    /// <summary><c>clientContent</c> with <c>turnComplete</c>.</summary>
    Content,
}

/// <summary>One turn of the user: what is said, when, and what goes on beside it.</summary>
internal sealed record PlannedTurn
{
    /// <summary>Words are numbered through the conversation; four digits, so that none is a part of another.</summary>
    public const int FirstWord = 1001;

    /// <summary>First word, from <see cref="FirstWord"/>.</summary>
    public int First { get; init; }

    public int Count { get; init; } = 2;

    public Manner Manner { get; init; }

    /// <summary>Wait before the turn, after the one before was answered.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>The next turn begins so long after the end of this one, whatever the model is doing.</summary>
    public TimeSpan? BargeIn { get; init; }

    /// <summary>The next turn begins so long after the answer to this one was generated whole: before its turnComplete.</summary>
    public TimeSpan? SpeaksOver { get; init; }

    /// <summary>Images that are sent while the user speaks.</summary>
    public int Images { get; init; }

    /// <summary>Functions that the model calls before it answers.</summary>
    public int Calls { get; init; }

    public string Text => string.Join(' ', Enumerable.Range(First, Count).Select(word => $"w{word}"));

    public int Last => First + Count - 1;

    public override string ToString() =>
        $"{Manner} {First}..{Last}{(Calls > 0 ? $" {Calls} calls" : "")}{(Images > 0 ? $" {Images} images" : "")}{(BargeIn is { } at ? $" then {at.TotalMilliseconds} ms" : "")}{(SpeaksOver is { } over ? $" then over {over.TotalMilliseconds} ms" : "")}";
}
