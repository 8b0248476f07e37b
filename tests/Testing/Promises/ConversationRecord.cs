namespace Orchestrator.Testing.Promises;

/// <summary>One question of the user's, in the words of the test pattern, and the whole answer to it.</summary>
/// <param name="AnswerBytes">Length of the answer's audio.</param>
public sealed record SaidTurn(int First, int Count, string Answer, int AnswerBytes)
{
    public IEnumerable<int> Words => Enumerable.Range(First, Count);
}

/// <summary>A turn of the transcript.</summary>
/// <param name="Ending">As REST spells it.</param>
public sealed record WrittenTurn(string Ending, string User, string Model)
{
    public bool IsComplete => Ending.Equals("completed", StringComparison.OrdinalIgnoreCase);
}

/// <summary>One conversation from all four sides: what the user said, what the client heard, what the model knows, what is written.</summary>
public sealed record ConversationRecord
{
    public required IReadOnlyList<SaidTurn> Said { get; init; }

    public required IReadOnlyList<HeardFrame> Heard { get; init; }

    /// <summary>The context of the last upstream session.</summary>
    public required IReadOnlyList<ContextItem> Context { get; init; }

    /// <summary>All that the model said, session after session.</summary>
    public required byte[] Spoken { get; init; }

    public required IReadOnlyList<WrittenTurn> Written { get; init; }

    /// <summary>The client's socket ended while it spoke or waited, and it did not come back: what became of its last question is nobody's promise.</summary>
    public bool BrokenOff { get; init; }
}
