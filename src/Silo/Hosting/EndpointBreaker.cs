using Gemini.Live.Closes;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;

namespace Orchestrator.Silo.Hosting;

/// <summary>
/// The circuit breaker of one endpoint: keeps a silo from hammering an outage. When too many attempts failed lately,
/// nobody dials for a while; then one conversation may try, and by its luck the circuit closes or stays open for longer.
/// </summary>
internal sealed partial class EndpointBreaker
{
    private static readonly ResiliencePropertyKey<CloseCause> Cause = new("cause");

    private readonly BreakerOptions _options;
    private readonly TimeProvider _clock;
    private readonly UpstreamMetrics _metrics;
    private readonly ILogger _logger;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<AttemptResult> _pipeline;
    private long _openUntil; // UTC ticks

    public EndpointBreaker(string endpoint, BreakerOptions options, TimeProvider clock, UpstreamMetrics metrics, ILogger logger)
    {
        Endpoint = endpoint;
        _options = options;
        _clock = clock;
        _metrics = metrics;
        _logger = logger;
        _pipeline = new ResiliencePipelineBuilder<AttemptResult> { TimeProvider = clock }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<AttemptResult>
            {
                FailureRatio = options.FailureRatio,
                MinimumThroughput = options.MinimumAttempts,
                SamplingDuration = options.Window,
                BreakDurationGenerator = broken => ValueTask.FromResult(BreakFor(broken)),
                ShouldHandle = ended => ValueTask.FromResult(ended.Outcome.Result.Outcome == AttemptOutcome.Failed),
                StateProvider = _state,
                OnOpened = Report,
                OnClosed = _ =>
                {
                    Closed(Endpoint);
                    return default;
                },
            })
            .Build();
    }

    public string Endpoint { get; }

    public CircuitState State => _state.CircuitState;

    /// <summary>
    /// True when an attempt now would not be admitted. An open circuit whose time is up counts as usable: otherwise
    /// nobody would ever try, and the endpoint would stay unused for good.
    /// </summary>
    public bool IsLeftAlone => State switch
    {
        CircuitState.Closed => false,
        CircuitState.Open => _clock.GetUtcNow().UtcTicks < Volatile.Read(ref _openUntil),
        _ => true,
    };

    /// <summary>Null when the endpoint is to be left alone. The attempt's <see cref="EndpointAttempt.Judged"/> never fails.</summary>
    public EndpointAttempt? TryBegin()
    {
        var attempt = new EndpointAttempt(_clock, _options.SetupTimeout);

        // Admission happens before the first await of the pipeline: it is a lock and a comparison.
        attempt.Judged = RunAsync(attempt);
        if (attempt.IsAdmitted)
        {
            return attempt;
        }

        _metrics.Attempted(Endpoint, "refused");
        return null;
    }

    /// <summary>A link that had worked ended because the service is away: as good as an attempt that failed.</summary>
    public Task WentAway(CloseCause cause)
    {
        var attempt = TryBegin();
        attempt?.Failed(cause);
        return attempt?.Judged ?? Task.CompletedTask;
    }

    private async Task RunAsync(EndpointAttempt attempt)
    {
        var context = ResilienceContextPool.Shared.Get();
        await _pipeline.ExecuteOutcomeAsync(
            static async (context, run) =>
            {
                run.attempt.Admit(probe: run.breaker.State == CircuitState.HalfOpen);
                var result = await run.attempt.End;
                context.Properties.Set(Cause, result.Cause);
                run.breaker._metrics.Attempted(run.breaker.Endpoint, Name(result.Outcome));
                return Outcome.FromResult(result);
            },
            context,
            (breaker: this, attempt));
        ResilienceContextPool.Shared.Return(context);
    }

    /// <summary>Called inside the breaker's lock, at the moment when the circuit opens.</summary>
    private TimeSpan BreakFor(BreakDurationGeneratorArguments broken)
    {
        var doubled = _options.Break * Math.Pow(2, Math.Min(broken.HalfOpenAttempts, 20));
        var time = doubled < _options.MaxBreak ? doubled : _options.MaxBreak;
        if (CauseOf(broken.Context) == CloseCause.Quota && time < CloseVerdict.QuotaWait)
        {
            time = CloseVerdict.QuotaWait;
        }

        Volatile.Write(ref _openUntil, (_clock.GetUtcNow() + time).UtcTicks);
        return time;
    }

    private ValueTask Report(OnCircuitOpenedArguments<AttemptResult> opened)
    {
        var cause = opened.Outcome.Result.Cause;
        _metrics.Opened(Endpoint, cause);
        Opened(Endpoint, opened.BreakDuration.TotalSeconds, cause);
        return default;
    }

    private static CloseCause CauseOf(ResilienceContext context) => context.Properties.GetValue(Cause, CloseCause.Transient);

    private static string Name(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Opened => "opened",
        AttemptOutcome.Answered => "answered",
        AttemptOutcome.Failed => "failed",
        _ => "abandoned",
    };

    [LoggerMessage(1, LogLevel.Warning, "The upstream endpoint {Endpoint} is left alone for {Seconds:0.#} s: too many attempts failed, the last one by {Cause}", EventName = "CircuitOpened")]
    private partial void Opened(string endpoint, double seconds, CloseCause cause);

    [LoggerMessage(2, LogLevel.Information, "The upstream endpoint {Endpoint} is used again", EventName = "CircuitClosed")]
    private partial void Closed(string endpoint);
}
