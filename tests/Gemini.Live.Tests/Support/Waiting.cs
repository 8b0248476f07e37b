namespace Gemini.Live.Tests.Support;

internal static class Waiting
{
    /// <summary>Long enough for the slowest machine; a test that reaches it has failed.</summary>
    public static readonly TimeSpan Generous = TimeSpan.FromSeconds(30);

    /// <summary>Waits for something that has no event of its own.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var timeout = new CancellationTokenSource(Generous);
        while (!condition())
        {
            if (timeout.IsCancellationRequested)
            {
                throw new TimeoutException($"Never happened: {what}");
            }

            await Task.Delay(2, CancellationToken.None);
        }
    }

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Generous);

    public static Task Soon(this Task task) => task.WaitAsync(Generous);
}
