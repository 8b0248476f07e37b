namespace Orchestrator.Silo.Tests.Wire;

/// <summary>A transport that takes everything at once and says how often it was written to.</summary>
internal sealed class CountedStream : MemoryStream
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _writes;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            _writes++;
            _more.SetResult();
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Completes at the given number of writes.</summary>
    public async Task WritesAsync(int count)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_writes >= count)
                {
                    return;
                }

                more = _more.Task;
            }

            await more;
        }
    }
}
