using Gemini.Live.Closes;

namespace Orchestrator.Silo.Hosting;

/// <summary>How an attempt ended.</summary>
internal enum AttemptOutcome
{
    /// <summary><c>setupComplete</c>.</summary>
    Opened,
    /// <summary>Refused for good reasons (a bad setup, a bad key, an unknown handle): the service is there.</summary>
    Answered,
    /// <summary>The service, or the way to it, is not there.</summary>
    Failed,
    /// <summary>We gave it up before anything could be said about it.</summary>
    Abandoned,
}

/// <summary>The end of an attempt, and what a failure was due to.</summary>
internal readonly record struct AttemptResult(AttemptOutcome Outcome, CloseCause Cause);

/// <summary>One dial with its setup, admitted by the endpoint's circuit breaker. Whoever began it ends it, or its time does.</summary>
internal sealed class EndpointAttempt
{
    private readonly TaskCompletionSource<AttemptResult> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeProvider _clock;
    private readonly TimeSpan _limit;
    private readonly long _began;
    private ITimer? _timer;

    public EndpointAttempt(TimeProvider clock, TimeSpan limit)
    {
        _clock = clock;
        _limit = limit;
        _began = clock.GetTimestamp();
    }

    /// <summary>The end.</summary>
    public Task<AttemptResult> End => _end.Task;

    /// <summary>Completes when the circuit breaker has drawn its conclusion.</summary>
    public Task Judged { get; set; } = Task.CompletedTask;

    public bool IsAdmitted { get; private set; }

    /// <summary>On it depends whether the circuit closes again.</summary>
    public bool IsProbe { get; private set; }

    public void Opened() => Finish(AttemptOutcome.Opened, CloseCause.Clean);

    public void Answered() => Finish(AttemptOutcome.Answered, CloseCause.Clean);

    public void Failed(CloseCause cause) => Finish(AttemptOutcome.Failed, cause);

    /// <summary>
    /// A setup that takes seconds is no healthy one: a client that gives up waiting must not hide an outage, nor may a
    /// probe that nobody waited for close the circuit.
    /// </summary>
    public void Abandoned()
    {
        if (IsProbe || _clock.GetElapsedTime(_began) > _limit / 3)
        {
            Failed(CloseCause.Network);
        }
        else
        {
            Finish(AttemptOutcome.Abandoned, CloseCause.Clean);
        }
    }

    internal void Admit(bool probe)
    {
        IsProbe = probe;
        IsAdmitted = true;
        _timer = _clock.CreateTimer(static attempt => ((EndpointAttempt)attempt!).Failed(CloseCause.Network), this, _limit, Timeout.InfiniteTimeSpan);
    }

    private void Finish(AttemptOutcome outcome, CloseCause cause)
    {
        if (_end.TrySetResult(new AttemptResult(outcome, cause)))
        {
            _timer?.Dispose();
        }
    }
}
