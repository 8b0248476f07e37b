namespace Gemini.Live.Simulator.Sessions;

/// <summary>
/// What the model's context contains, in order: one branch. A resume forks the branch at the place that
/// the handle covers; what came after it is gone, as with Google.
/// </summary>
internal sealed class SessionMemory
{
    private readonly List<MemoryEntry> _entries = [];
    private double _textTokens;
    private double _audioTokens;

    public IReadOnlyList<MemoryEntry> Entries => _entries;

    public int Count => _entries.Count;

    /// <summary>Model turns in this context that have ended.</summary>
    public int ModelTurns { get; private set; }

    public int Compressions { get; private set; }

    public double TextTokens => _textTokens;

    public double AudioTokens => _audioTokens;

    public double Tokens => _textTokens + _audioTokens;

    public MemoryEntry Add(MemoryEntry entry)
    {
        _entries.Add(entry);
        if (entry.Kind != MemoryKind.Model)
            Weigh(entry);
        return entry;
    }

    /// <summary>A model turn is over: it now weighs what was sent of it.</summary>
    public void EndTurn(MemoryEntry model, TurnEnding ending)
    {
        model.Ending = ending;
        model.EndedAt = _entries.Count;
        ModelTurns++;
        Weigh(model);
    }

    /// <summary>Received audio turns out to belong to a user turn.</summary>
    public void Claim(MemoryEntry audio, int turn)
    {
        audio.InTurn = turn;
        if (audio.Counts)
            return;
        audio.Counts = true;
        _audioTokens += audio.Tokens;
    }

    /// <summary>A new branch with the first <paramref name="position"/> entries of this one.</summary>
    public SessionMemory Fork(int position)
    {
        var fork = new SessionMemory { Compressions = Compressions };
        foreach (var entry in _entries.Take(position))
        {
            fork._entries.Add(entry);
            if (entry.Kind == MemoryKind.Model)
                fork.ModelTurns++;
            if (!entry.Evicted)
                fork.Weigh(entry);
        }
        return fork;
    }

    /// <summary>Forgets the oldest entries until the context is no larger than <paramref name="target"/> tokens.</summary>
    public void Compress(long target)
    {
        Compressions++;
        foreach (var entry in _entries)
        {
            if (Tokens <= target)
                return;
            if (entry.Evicted || (entry.Kind == MemoryKind.Model && entry.Ending == TurnEnding.Speaking))
                continue;
            entry.Evicted = true;
            if (entry.IsAudio)
                _audioTokens = Math.Max(0, _audioTokens - entry.Tokens);
            else
                _textTokens = Math.Max(0, _textTokens - entry.Tokens);
        }
    }

    private void Weigh(MemoryEntry entry)
    {
        if (entry.IsAudio)
            _audioTokens += entry.Tokens;
        else
            _textTokens += entry.Tokens;
    }
}
