namespace Orchestrator.Bench.Cluster.Clients;

/// <summary>All callers of a run.</summary>
internal sealed class Crowd(IReadOnlyList<string> frontEnds, int callers, int seed) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _talks = [];

    public IReadOnlyList<Caller> Callers { get; } = [.. Enumerable.Range(0, callers).Select(i => new Caller(frontEnds, i, seed + i))];

    /// <summary>They come one after the other, as callers do.</summary>
    public async Task ComeAsync()
    {
        foreach (var caller in Callers)
        {
            _talks.Add(Task.Run(() => caller.TalkAsync(_stop.Token)));
            await Task.Delay(20);
        }
    }

    /// <summary>Each leaves after its answer.</summary>
    public async Task GoAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_talks);
    }

    public string Describe() => $"{Callers.Count(caller => caller.Failure is null)} talk, {Callers.Sum(caller => caller.Answers)} answers, {Callers.Sum(caller => caller.Returns)} came back";

    public void Dispose() => _stop.Dispose();
}
