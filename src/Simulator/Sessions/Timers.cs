namespace Gemini.Live.Simulator.Sessions;

/// <summary>A deadline of one connection; cancelling it leaves it in the queue, dead.</summary>
internal sealed class SimTimer(Action action)
{
    public bool Cancelled { get; private set; }

    public Action Action { get; } = action;

    public void Cancel() => Cancelled = true;
}

/// <summary>Deadlines in order of time, then of arming. Virtual: somebody else says what time it is.</summary>
internal sealed class Timers
{
    private readonly PriorityQueue<SimTimer, (DateTimeOffset At, long Order)> _queue = new();
    private long _order;

    public DateTimeOffset? Next
    {
        get
        {
            while (_queue.TryPeek(out var timer, out var due))
            {
                if (!timer.Cancelled)
                    return due.At;
                _queue.Dequeue();
            }
            return null;
        }
    }

    public SimTimer Arm(DateTimeOffset at, Action action)
    {
        var timer = new SimTimer(action);
        _queue.Enqueue(timer, (at, _order++));
        return timer;
    }

    /// <summary>The next deadline that is not after <paramref name="now"/>.</summary>
    public bool TryTake(DateTimeOffset now, out DateTimeOffset at, out Action action)
    {
        while (Next is { } next && next <= now)
        {
            var timer = _queue.Dequeue();
            (at, action) = (next, timer.Action);
            return true;
        }
        (at, action) = (default, static () => { });
        return false;
    }

    public void Clear() => _queue.Clear();
}
