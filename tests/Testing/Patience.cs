namespace Orchestrator.Testing;

/// <summary>One generous limit for everything that a test waits for, and a message that says what it waited for.</summary>
public static class Patience
{
    /// <summary>Long enough for a busy two-core machine; a test that needs it has failed.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task<T> For<T>(Task<T> task, string what, TimeSpan? limit = null, Func<string>? state = null)
    {
        await For((Task)task, what, limit, state);
        return await task;
    }

    public static async Task For(Task task, string what, TimeSpan? limit = null, Func<string>? state = null)
    {
        var patience = limit ?? Limit;
        try
        {
            await task.WaitAsync(patience);
        }
        catch (TimeoutException e) when (!task.IsCompleted)
        {
            throw new TimeoutException(Message(what, patience, state), e);
        }
    }

    /// <summary>Asks again until it is so: for facts that only another process can tell, and that announce themselves nowhere.</summary>
    public static async Task Until(Func<Task<bool>> isSo, string what, TimeSpan? limit = null, Func<string>? state = null)
    {
        var patience = limit ?? Limit;
        var deadline = DateTime.UtcNow + patience;
        while (!await isSo())
        {
            if (DateTime.UtcNow > deadline)
            {
                throw new TimeoutException(Message(what, patience, state));
            }
            await Task.Delay(25);
        }
    }

    private static string Message(string what, TimeSpan patience, Func<string>? state) =>
        $"Waited {patience.TotalSeconds:0} s in vain for {what}.{(state is null ? "" : Environment.NewLine + state())}";
}
