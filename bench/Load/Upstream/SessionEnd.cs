namespace Orchestrator.Bench.Load.Upstream;

/// <summary>How an upstream connection ends before its time.</summary>
internal enum SessionEnd
{
    /// <summary>Without a word, as when a network breaks.</summary>
    Reset,

    /// <summary>With 1011.</summary>
    Internal,

    /// <summary>With goAway ten seconds before.</summary>
    GoAway,
}
