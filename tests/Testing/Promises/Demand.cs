namespace Orchestrator.Testing.Promises;

/// <summary>Something that was promised did not hold.</summary>
public sealed class BrokenPromiseException(string message) : Exception(message);

/// <summary>How a check says that a promise is broken.</summary>
internal static class Demand
{
    /// <exception cref="BrokenPromiseException">It does not hold.</exception>
    public static void That(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(otherwise);
        }
    }
}
