namespace Orchestrator.Testing;

/// <summary>
/// A clock that stands still until a test moves it. Timers fire on the moving thread, in the order in which they
/// are due (equal ones in the order in which they were armed), and each sees the instant at which it was due.
/// Its timestamp frequency is deliberately odd, so that code that takes ticks for timestamps fails.
/// </summary>
public sealed class ManualTime(DateTimeOffset? start = null) : TimeProvider
{
    private readonly DateTimeOffset origin = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly PriorityQueue<(ManualTimer Timer, int Generation), (TimeSpan Due, long Order)> queue = new();
    private readonly Lock gate = new();
    private TimeSpan elapsed;
    private long order;

    public override long TimestampFrequency => 3_000_017;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return origin + elapsed;
        }
    }

    public override long GetTimestamp()
    {
        lock (gate)
        {
            return (long)(elapsed.Ticks * (decimal)TimestampFrequency / TimeSpan.TicksPerSecond);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and fires what falls due on the way.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (gate)
        {
            target = elapsed + by;
        }
        while (FireNext(target))
        {
        }
        lock (gate)
        {
            elapsed = target > elapsed ? target : elapsed;
        }
    }

    /// <summary>How many timers are armed.</summary>
    public int Armed
    {
        get
        {
            lock (gate)
            {
                return queue.UnorderedItems.Count(item => item.Element.Timer.Generation == item.Element.Generation);
            }
        }
    }

    private bool FireNext(TimeSpan target)
    {
        ManualTimer timer;
        lock (gate)
        {
            while (queue.TryPeek(out var stale, out _) && stale.Timer.Generation != stale.Generation)
            {
                queue.Dequeue();
            }
            if (!queue.TryPeek(out var next, out var at) || at.Due > target)
            {
                return false;
            }
            queue.Dequeue();
            timer = next.Timer;
            elapsed = at.Due > elapsed ? at.Due : elapsed;
            timer.Generation++;
            if (timer.Period > TimeSpan.Zero)
            {
                queue.Enqueue((timer, timer.Generation), (at.Due + timer.Period, ++order));
            }
        }
        timer.Callback(timer.State);
        return true;
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public TimerCallback Callback { get; } = callback;

        public object? State { get; } = state;

        public int Generation { get; set; }

        public TimeSpan Period { get; private set; }

        private bool disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                if (disposed)
                {
                    return false;
                }
                Generation++;
                Period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    time.queue.Enqueue((this, Generation), (time.elapsed + dueTime, ++time.order));
                }
                return true;
            }
        }

        public void Dispose()
        {
            lock (time.gate)
            {
                disposed = true;
                Generation++;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
