namespace Orchestrator.Grains.Actor;

/// <summary>
/// How fast audio of a backlog may leave: a small burst, then a multiple of real time. One timer says when the next
/// piece is due; it is made with the first backlog that needs it. Runs on the mailbox, except for the timer's callback.
/// </summary>
internal sealed class ReplayPace(TimeProvider clock, Action due) : IDisposable
{
    /// <summary>Audio that may go at once.</summary>
    private const double BurstMs = 200;

    /// <summary>Shortest wait: some frames at a time cost fewer wake-ups than one at a time.</summary>
    private const double BreathMs = 20;

    /// <summary>What a timer may be early by; it is not forgotten, only not waited for.</summary>
    private const double ToleranceMs = 1;

    private ITimer? _timer;
    private double _factor = double.PositiveInfinity;
    private double _aheadMs;
    private long _at;

    private bool IsOn => !double.IsPositiveInfinity(_factor);

    /// <param name="factor">Times real time; infinite: all at once.</param>
    public void Start(double factor) => (_factor, _aheadMs, _at) = (factor, 0, clock.GetTimestamp());

    /// <summary>There is no backlog any more: what comes live is as fast as it is.</summary>
    public void Stop() => _factor = double.PositiveInfinity;

    /// <returns>False when it is too early; <c>due</c> is called when it no longer is.</returns>
    public bool TryTake(int audioMs)
    {
        if (!IsOn || audioMs == 0)
        {
            return true;
        }

        var now = clock.GetTimestamp();
        _aheadMs = Math.Max(0, _aheadMs - (clock.GetElapsedTime(_at, now).TotalMilliseconds * _factor));
        _at = now;
        // A frame that is longer than the burst has to wait until nothing is ahead.
        var early = _aheadMs - Math.Max(0, BurstMs - audioMs);
        if (early > ToleranceMs)
        {
            Arm(early / _factor);
            return false;
        }

        _aheadMs += audioMs;
        return true;
    }

    public void Dispose() => _timer?.Dispose();

    private void Arm(double milliseconds)
    {
        var breath = Math.Min(BreathMs, BurstMs / 2 / _factor);
        _timer ??= clock.CreateTimer(static callback => ((Action)callback!)(), due, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Max(milliseconds, breath))), Timeout.InfiniteTimeSpan);
    }
}
