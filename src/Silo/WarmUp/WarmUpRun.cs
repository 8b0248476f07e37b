using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Orchestrator.Silo.WarmUp;

/// <summary>
/// Before a process says that it is ready it plays a conversation with itself: what .NET compiles when it first runs, some 30 MB
/// of memory and a third of a second of the first take-over, is not paid by the first client. Nothing of it is seen outside.
/// </summary>
public static class WarmUpRun
{
    /// <summary>Configuration key; <c>false</c> leaves it out.</summary>
    public const string Key = "Orchestrator:WarmUp";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Plays, for at most ten seconds. A failure is said on standard error, and costs speed only.</summary>
    /// <param name="play">Ends soon after its token is cancelled.</param>
    /// <exception cref="OptionsValidationException">The key has neither <c>true</c> nor <c>false</c>.</exception>
    public static async Task RunAsync(IConfiguration configuration, Func<CancellationToken, Task> play)
    {
        if (IsWanted(configuration) && await FailureAsync(play, TimeProvider.System) is { } failure)
        {
            await Console.Error.WriteLineAsync($"The warm-up was given up, the first conversations will be slower: {failure}");
        }
    }

    /// <returns>Why it was given up; null when it was played to its end.</returns>
    internal static async Task<string?> FailureAsync(Func<CancellationToken, Task> play, TimeProvider clock)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        try
        {
            await play(limit.Token);
            return null;
        }
        catch (Exception failure)
        {
            return failure.Message;
        }
    }

    internal static bool IsWanted(IConfiguration configuration) => configuration[Key] switch
    {
        null or "" => true,
        var text when bool.TryParse(text, out var wanted) => wanted,
        var text => throw new OptionsValidationException(Key, typeof(bool), [$"{Key} must be true or false, not {text}."]),
    };
}
