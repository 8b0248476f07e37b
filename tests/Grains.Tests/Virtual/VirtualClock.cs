using Orchestrator.Testing;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Small words for the one clock of a virtual world; everything that happens later is one of its timers.</summary>
internal static class VirtualClock
{
    /// <summary>Does something later, on the thread that moves the clock; after what was planned for the same instant before.</summary>
    public static void After(this ManualTime time, TimeSpan delay, Action action) =>
        _ = time.CreateTimer(static act => ((Action)act!)(), action, delay, Timeout.InfiniteTimeSpan);

    public static TimeSpan Ms(this int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>One direction of a connection: whatever is sent arrives after the latency, in order.</summary>
    internal sealed class Pipe(ManualTime time, Func<TimeSpan> latency)
    {
        private DateTimeOffset _last;
        private int _cuts;

        public void Send(Action arrive)
        {
            var due = time.GetUtcNow() + latency();
            _last = due > _last ? due : _last;
            var cuts = _cuts;
            time.After(_last - time.GetUtcNow(), () =>
            {
                if (cuts == _cuts)
                {
                    arrive();
                }
            });
        }

        /// <summary>What is on its way never arrives.</summary>
        public void Cut() => _cuts++;
    }
}
