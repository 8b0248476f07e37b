using System.Globalization;

namespace Orchestrator.Testing;

/// <summary>How many random cases a property test plays: ORCHESTRATOR_ROUNDS is a factor, above 1 for a longer search, below it for mutation testing.</summary>
public static class Rounds
{
    private static readonly double Factor =
        double.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_ROUNDS"), CultureInfo.InvariantCulture, out var factor) ? factor : 1;

    /// <summary>The number to play where an ordinary run plays <paramref name="ordinary"/>; at least one.</summary>
    public static int Of(int ordinary) => Math.Max(1, (int)(ordinary * Factor));
}
