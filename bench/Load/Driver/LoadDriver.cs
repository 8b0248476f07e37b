using System.Diagnostics;
using Orchestrator.Bench.Load.Measure;
using Orchestrator.Bench.Load.Targets;
using Orchestrator.Bench.Load.Traffic;

namespace Orchestrator.Bench.Load.Driver;

/// <summary>
/// Many clients in real time from one thread: a frame every 20 ms for each of them, spread over those 20 ms, whatever comes
/// back.
/// </summary>
internal sealed class LoadDriver : IDisposable
{
    private const int OpenAtOnce = 8;

    private readonly Call[] _calls;
    private readonly long[] _offsets;
    private readonly TalkPlan _plan;
    private readonly long _period = Stopwatch.Frequency * Frames.Milliseconds / 1000;
    private readonly Histogram _lateness = new();
    private Window _window = Window.Nothing;
    private Thread? _thread;
    private volatile bool _stop;

    private LoadDriver(Call[] calls, TalkPlan plan, int seed)
    {
        var random = new Random(seed);
        _calls = calls;
        _plan = plan;
        _offsets = [.. calls.Select(_ => random.NextInt64(_period)).Order()];
        foreach (var call in calls)
        {
            call.Frame = random.NextInt64(plan.TurnFrames);
        }
    }

    public IReadOnlyList<Call> Calls => _calls;

    /// <summary>How much later than due the window's frames were sent: when this is large, the driver is what is measured.</summary>
    public Histogram Lateness => _lateness;

    /// <summary>Opens all conversations, a few at a time.</summary>
    public static async Task<LoadDriver> OpenAsync(Target target, int conversations, TalkPlan plan, int seed)
    {
        var setup = target.Setup(plan);
        var calls = new Call[conversations];
        await Parallel.ForAsync(
            0,
            conversations,
            new ParallelOptions { MaxDegreeOfParallelism = OpenAtOnce },
            async (i, _) => calls[i] = await Call.OpenAsync(target.Url, Target.Method, Target.Key, setup));
        return new LoadDriver(calls, plan, seed);
    }

    /// <summary>Begins to talk.</summary>
    public void Start()
    {
        _thread = new Thread(Talk) { Name = "load", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Counts the frames that are due from now on for so long.</summary>
    public void Measure(TimeSpan time)
    {
        // A little ahead: every call must know of the window when its first frame is due.
        var from = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 10);
        var window = new Window(from, from + (long)(time.TotalSeconds * Stopwatch.Frequency));
        _lateness.Clear();
        foreach (var call in _calls)
        {
            call.Measure(window);
        }

        Volatile.Write(ref _window, window);
    }

    /// <summary>Stops talking and says goodbye.</summary>
    public void Stop()
    {
        _stop = true;
        _thread?.Join();
        foreach (var call in _calls)
        {
            call.Close();
        }
    }

    public void Dispose()
    {
        foreach (var call in _calls)
        {
            call.Dispose();
        }
    }

    private void Talk()
    {
        var begun = Stopwatch.GetTimestamp();
        for (long round = 0; !_stop; round++)
        {
            for (var i = 0; i < _calls.Length && !_stop; i++)
            {
                var due = begun + (round * _period) + _offsets[i];
                var ahead = due - Stopwatch.GetTimestamp();
                if (ahead > 0)
                {
                    Pause.For(ahead * (1_000_000_000 / Stopwatch.Frequency));
                }

                if (_window.Has(due))
                {
                    _lateness.Add((Stopwatch.GetTimestamp() - due) * 1_000_000 / Stopwatch.Frequency);
                }

                _calls[i].Send(_plan, due);
            }
        }
    }
}
