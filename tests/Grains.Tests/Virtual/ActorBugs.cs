using Microsoft.Extensions.Logging;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>What the actor catches, be it a bug of its own or of an assertion made from inside it.</summary>
internal sealed class ActorBugs : ILogger
{
    private Exception? _first;

    public void Check()
    {
        if (_first is not null)
        {
            throw new InvalidOperationException($"Inside the actor: {_first}", _first);
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error)
        {
            _first ??= exception ?? new InvalidOperationException(formatter(state, exception));
        }
    }
}
