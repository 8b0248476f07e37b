using Microsoft.Extensions.Logging;
using Orchestrator.Cluster;

namespace Orchestrator.Silo.Hosting;

/// <summary>
/// Keeps this process's place in the registry: a heartbeat every second with its load, and what the answers ask for. It is
/// how a silo that was frozen learns, on waking, what it does not own any more.
/// </summary>
public sealed partial class SiloMembership(ISiloRegistry registry, ConversationHost host, SiloIdentity silo, TimeProvider clock, ILogger<SiloMembership> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>Beats without an answer after which the cluster takes the silo for dead, or is about to.</summary>
    private const int MostMissed = 4;

    private readonly ILogger _logger = logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private Task _beating = Task.CompletedTask;
    private long? _awaySince;
    private long? _confirmedAt;

    /// <summary>Completes when another process has the silo's name: this one is to end.</summary>
    public Task Replaced => _replaced.Task;

    /// <summary>For how long the registry has not answered; zero while it does. A process that was frozen has not asked meanwhile.</summary>
    public TimeSpan Away
    {
        get
        {
            lock (_gate)
            {
                return _awaySince is { } since ? clock.GetElapsedTime(since) : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Completes when somebody asked for the silo to be emptied.</summary>
    public Task DrainRequested => _drain.Task;

    /// <summary>Null while the registry has this process under the silo's name and has said so lately; otherwise the reason.</summary>
    public string? WhyNotMember
    {
        get
        {
            if (_replaced.Task.IsCompleted)
            {
                return "another process has the silo's name";
            }

            lock (_gate)
            {
                return _confirmedAt is not { } at ? "the silo has not joined yet"
                    : clock.GetElapsedTime(at) > MostMissed * Beat ? "the registry has not answered lately"
                    : null;
            }
        }
    }

    /// <summary>Enters the registry. Front-ends may come from now on.</summary>
    /// <exception cref="IOException">The registry is unavailable.</exception>
    public async Task JoinAsync(Uri address, CancellationToken cancellation)
    {
        await registry.RegisterAsync(silo.Name, address, cancellation);
        await BeatAsync();
        _beating = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Tells the cluster about a change now, not with the next beat.</summary>
    public Task TellAsync() => BeatAsync();

    /// <summary>Leaves the registry.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _beating;
        try
        {
            await registry.LeaveAsync(silo.Name, CancellationToken.None);
        }
        catch (IOException away)
        {
            Missed(away.Message);
        }

        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Beat, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                await BeatAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private async Task BeatAsync()
    {
        var begun = clock.GetTimestamp();
        try
        {
            var load = new SiloLoad(host.Count, Environment.WorkingSet, host.IsAccepting);
            var answer = await registry.HeartbeatAsync(silo.Name, load, host.Held, _stopping.Token);
            Answered(begun, missed: false);
            host.Lose(answer.Lost);
            if (answer.Standing == SiloStanding.Replaced && _replaced.TrySetResult())
            {
                TakenPlace();
                host.Lose(host.Held);
            }

            if (answer.DrainRequested && _drain.TrySetResult())
            {
                Draining();
            }
        }
        catch (Exception away) when (away is IOException or OperationCanceledException)
        {
            if (!_stopping.IsCancellationRequested)
            {
                Answered(begun, missed: true);
                Missed(away.Message);
            }
        }
    }

    private void Answered(long begun, bool missed)
    {
        lock (_gate)
        {
            _awaySince = missed ? _awaySince ?? begun : null;
            _confirmedAt = missed ? _confirmedAt : clock.GetTimestamp();
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The registry does not answer: {Reason}", EventName = "HeartbeatMissed")]
    private partial void Missed(string reason);

    [LoggerMessage(2, LogLevel.Error, "Another process has this silo's name; this one ends", EventName = "SiloReplaced")]
    private partial void TakenPlace();

    [LoggerMessage(3, LogLevel.Information, "The silo was asked to drain", EventName = "DrainRequested")]
    private partial void Draining();
}
