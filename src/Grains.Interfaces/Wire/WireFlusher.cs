using System.Runtime.InteropServices;

namespace Orchestrator.Wire;

/// <summary>
/// Writes what senders hold back for the sake of one write instead of many: one thread for the process, which sleeps for
/// <see cref="Window"/> at a time while anybody waits and does nothing otherwise. Sleeping takes a call of the operating
/// system, because .NET's timers are exact to a millisecond and end on the pool.
/// </summary>
internal sealed partial class WireFlusher
{
    private static readonly Lazy<WireFlusher> Running = new(Start);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private List<WireSender> _waiting = [];
    private List<WireSender> _leaving = [];
    private bool _resting;

    /// <summary>The longest that a frame is held back, beside what the operating system adds.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromMilliseconds(1);

    /// <summary>The process's own, with its thread.</summary>
    public static WireFlusher Shared => Running.Value;

    /// <summary>Has the sender's <see cref="WireSender.FlushHeld"/> called within the window, once for each call of this. Never waits.</summary>
    public void Add(WireSender sender)
    {
        bool wasResting;
        lock (_gate)
        {
            _waiting.Add(sender);
            (wasResting, _resting) = (_resting, false);
        }

        if (wasResting)
        {
            _wake.Set();
        }
    }

    /// <summary>Writes for all who wait.</summary>
    /// <returns>False when there was nobody.</returns>
    public bool FlushWaiting()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                _resting = true;
                return false;
            }

            (_waiting, _leaving) = (_leaving, _waiting);
        }

        foreach (var sender in _leaving)
        {
            sender.FlushHeld();
        }

        _leaving.Clear();
        return true;
    }

    private static WireFlusher Start()
    {
        var flusher = new WireFlusher();
        new Thread(flusher.Run) { IsBackground = true, Name = "wire flusher" }.Start();
        return flusher;
    }

    private void Run()
    {
        while (true)
        {
            if (!FlushWaiting())
            {
                _wake.WaitOne();
            }

            Sleep();
        }
    }

    private static void Sleep()
    {
        if (OperatingSystem.IsWindows())
        {
            Thread.Sleep(Window);
            return;
        }

        var time = new TimeSpec { Nanoseconds = (nint)Window.TotalNanoseconds };
        _ = NanoSleep(in time, 0);
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpec time, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
