using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orchestrator.Silo.Attach;
using Orchestrator.Testing;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Attach;

/// <summary>A listener on loopback over conversations that do what the test says; its numbers and its log are kept.</summary>
internal sealed class ListenerFixture : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _meter = new();
    private readonly ConcurrentDictionary<string, long> _numbers = new(StringComparer.Ordinal);

    public ListenerFixture(ClusterOptions? options = null, TimeProvider? clock = null)
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        _meter.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meter.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            _numbers.AddOrUpdate($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"))}".Trim(), value, (_, before) => before + value));
        _meter.Start();
        options ??= Options();
        options.Listen = "127.0.0.1:0";
        Silo = SiloListener.Start(Host, Instance, options, new WireMetrics(factory), clock ?? TimeProvider.System, Log);
    }

    public FakeHost Host { get; } = new();

    public SiloInstance Instance { get; } = new("silo-1", 7);

    public SiloListener Silo { get; }

    public ListLogger Log { get; } = new();

    public static ClusterOptions Options() => new() { Secret = RawEdge.Secret };

    /// <summary>What a metric has come to.</summary>
    public long Number(string nameAndTags) => _numbers.GetValueOrDefault(nameAndTags);

    public Task Until(string nameAndTags, long value) => Patience.Until(
        () => Task.FromResult(Number(nameAndTags) == value), $"{nameAndTags} = {value}", state: () => string.Join('\n', _numbers.OrderBy(n => n.Key, StringComparer.Ordinal)));

    public async ValueTask DisposeAsync()
    {
        await Silo.DisposeAsync();
        _meter.Dispose();
        await _services.DisposeAsync();
    }

    internal sealed class ListLogger : ILogger<SiloListener>
    {
        public ConcurrentQueue<(LogLevel Level, string Event, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((logLevel, eventId.Name ?? "", $"{formatter(state, exception)} {exception}"));
    }
}
