namespace Orchestrator.Silo.Hosting;

/// <summary>
/// Says when the process has no memory for more conversations: those that it has need theirs. Measured when somebody asks, but
/// not for every one of many who ask at the same time. Thread-safe.
/// </summary>
/// <param name="used">Bytes that the process takes.</param>
/// <param name="limit">Bytes from which on it is short; 0 when nobody knows.</param>
public sealed class MemoryGuard(Func<long> used, Func<long> limit, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private long? _measuredAt;
    private bool _isShort;

    /// <summary>True while new conversations are to go elsewhere.</summary>
    public bool IsShort
    {
        get
        {
            lock (_gate)
            {
                if (_measuredAt is not { } at || clock.GetElapsedTime(at) >= Fresh)
                {
                    _measuredAt = clock.GetTimestamp();
                    _isShort = limit() is > 0 and var most && used() >= most;
                }

                return _isShort;
            }
        }
    }
}
