using System.Collections.Concurrent;

namespace Orchestrator.Api.Live;

/// <summary>
/// The clients that are here now: one timer watches over all of them, because one for each would wake a thread for each, and
/// a front-end can send them away in order (DESIGN §10).
/// </summary>
internal sealed class LiveEdges : IDisposable
{
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<LiveEdge, bool> _edges = new();
    private readonly TimeProvider _clock;
    private readonly ITimer _watch;

    public LiveEdges(TimeProvider clock)
    {
        _clock = clock;
        _watch = clock.CreateTimer(static edges => ((LiveEdges)edges!).Watch(), this, WatchEvery, WatchEvery);
    }

    /// <summary>True once the front-end is being emptied: it takes nobody new.</summary>
    public bool IsDraining { get; private set; }

    public int Count => _edges.Count;

    public void Add(LiveEdge edge) => _edges[edge] = true;

    public void Remove(LiveEdge edge) => _edges.TryRemove(edge, out _);

    /// <summary>
    /// Clients with a resumption handle get <c>goAway</c> and are closed when its time is up, to go on at another front-end;
    /// the others may finish, up to a deadline. Completes when nobody is left.
    /// </summary>
    /// <param name="notice">The <c>timeLeft</c> of <c>goAway</c>.</param>
    /// <param name="deadline">For those who cannot come back.</param>
    public async Task DrainAsync(TimeSpan notice, TimeSpan deadline)
    {
        IsDraining = true;
        List<LiveEdge> told = [.. _edges.Keys.Where(edge => edge.GoAway(notice))];
        var late = Task.Delay(deadline, _clock);
        if (told.Count > 0 && await Until(() => !told.Exists(_edges.ContainsKey), Task.Delay(notice, _clock)))
        {
            Close(told.Where(_edges.ContainsKey));
        }

        if (await Until(() => _edges.IsEmpty, late))
        {
            Close(_edges.Keys);
        }
    }

    public void Dispose() => _watch.Dispose();

    private void Watch()
    {
        foreach (var (edge, _) in _edges)
        {
            edge.Watch();
        }
    }

    private static void Close(IEnumerable<LiveEdge> edges)
    {
        foreach (var edge in edges)
        {
            edge.Close(Attach.EdgeClose.Restarting);
        }
    }

    /// <returns>True when the time is up first.</returns>
    private async Task<bool> Until(Func<bool> done, Task late)
    {
        while (!done())
        {
            if (await Task.WhenAny(late, Task.Delay(TimeSpan.FromMilliseconds(50), _clock)) == late)
            {
                return true;
            }
        }

        return false;
    }
}
