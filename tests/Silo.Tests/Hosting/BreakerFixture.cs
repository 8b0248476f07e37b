using System.Diagnostics.Metrics;
using Gemini.Live.Closes;
using Gemini.Live.Links;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Grains.Actor;
using Orchestrator.Silo.Hosting;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>Breakers of two endpoints in virtual time, and what they measure.</summary>
internal sealed class BreakerFixture : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly List<string> _counted = [];
    private readonly Dictionary<string, int> _gauge = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BreakerFixture(BreakerOptions? options = null)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _services.GetRequiredService<IMeterFactory>()))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            lock (_counted)
            {
                _counted.AddRange(Enumerable.Repeat($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(t => t.Value))}", (int)value));
                _more.SetResult();
                _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        });
        _listener.SetMeasurementEventCallback<int>((_, value, tags, _) => _gauge[$"{tags[0].Value}"] = value);
        _listener.Start();
        Breakers = new EndpointBreakers(
            [Endpoint("a"), Endpoint("b")],
            options ?? new BreakerOptions(),
            Time,
            new UpstreamMetrics(_services.GetRequiredService<IMeterFactory>()),
            NullLogger<EndpointBreakers>.Instance);
    }

    public ManualTime Time { get; } = new();

    public EndpointBreakers Breakers { get; }

    public EndpointBreaker A => Breakers.Of("a");

    public static UpstreamEndpoint Endpoint(string name) => new(name, LinkTargets.Developer(new Uri("http://localhost"), "v1beta", apiKey: null));

    /// <summary>Everything counted so far, as "instrument tags".</summary>
    public int Counted(string what)
    {
        lock (_counted)
        {
            return _counted.Count(c => c == what);
        }
    }

    /// <summary>Completes when it has been counted so often; the breaker is told on the pool.</summary>
    public async Task CountedAsync(string what, int times)
    {
        while (true)
        {
            Task more;
            lock (_counted)
            {
                if (_counted.Count(c => c == what) >= times)
                {
                    return;
                }

                more = _more.Task;
            }

            await Patience.For(more, $"{times} × {what}");
        }
    }

    public int Gauge(string endpoint)
    {
        _listener.RecordObservableInstruments();
        return _gauge[endpoint];
    }

    /// <summary>Begins an attempt, which must be admitted, and ends it.</summary>
    public async Task AttemptAsync(Action<EndpointAttempt> end)
    {
        var attempt = A.TryBegin();
        Assert.NotNull(attempt);
        end(attempt);
        await attempt.Judged.WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async Task FailAsync(int times = 1, CloseCause cause = CloseCause.Network)
    {
        for (var i = 0; i < times; i++)
        {
            await AttemptAsync(a => a.Failed(cause));
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
    }
}
