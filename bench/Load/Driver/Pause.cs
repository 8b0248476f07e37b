using System.Runtime.InteropServices;

namespace Orchestrator.Bench.Load.Driver;

/// <summary>Waits that are exact to some 50 µs; those of the runtime are exact to a millisecond, which is more than what is measured.</summary>
internal static partial class Pause
{
    public static void For(long nanoseconds)
    {
        var time = new TimeSpec { Seconds = (nint)(nanoseconds / 1_000_000_000), Nanoseconds = (nint)(nanoseconds % 1_000_000_000) };
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
