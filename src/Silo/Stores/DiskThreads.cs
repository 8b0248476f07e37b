using System.Collections.Concurrent;

namespace Orchestrator.Silo.Stores;

/// <summary>
/// A few threads that may wait for the disk. fsync can take a second; on the thread pool, thirty of them would
/// stop every conversation's audio.
/// </summary>
internal sealed class DiskThreads : IDisposable
{
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread[] threads;

    public DiskThreads(int count)
    {
        threads = [.. Enumerable.Range(1, count).Select(n => new Thread(Drain) { IsBackground = true, Name = $"disk {n}" })];
        foreach (var thread in threads)
        {
            thread.Start();
        }
    }

    /// <summary>Runs the action on one of the threads; its exception becomes the task's.</summary>
    public Task<T> Run<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(action());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Finishes what was accepted, then ends the threads.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        foreach (var thread in threads)
        {
            thread.Join();
        }

        work.Dispose();
    }

    private void Drain()
    {
        foreach (var action in work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
