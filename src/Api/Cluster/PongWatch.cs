namespace Orchestrator.Api.Cluster;

/// <summary>What a tick means.</summary>
internal enum PongVerdict
{
    /// <summary>Another tick, of the same moment, has been taken already.</summary>
    Nothing,

    /// <summary>Ping once more.</summary>
    Ping,

    /// <summary>Ping once more; half of the time is over, and it may be worth finding out by another way.</summary>
    Doubt,

    /// <summary>The peer does not answer.</summary>
    Dead,
}

/// <summary>
/// Judges a peer that is pinged at every tick of a timer by the pings that it leaves unanswered. Pings are counted, not time; and
/// only those of ticks that came when they were due: a tick that is late says that this process was not scheduled, so what
/// the peer has answered meanwhile may not have been read. That must not go on for ever: a machine on which every tick is late
/// waits three times as long. One thread at a time ticks, another one may tell of pongs.
/// </summary>
internal sealed class PongWatch(TimeSpan interval, TimeSpan deadAfter)
{
    private const int Longest = 3;

    private readonly int _patience = (int)Math.Ceiling(deadAfter / interval);
    private long _pinged;
    private long _ponged;
    private long _forgiven;

    /// <summary>Number of the newest ping.</summary>
    public long Pinged => Volatile.Read(ref _pinged);

    /// <summary>It has answered the newest ping, or the one before.</summary>
    public bool IsAnswering => Volatile.Read(ref _pinged) - Volatile.Read(ref _ponged) <= 1;

    /// <param name="since">Time since the last tick that was more than <see cref="PongVerdict.Nothing"/>.</param>
    public PongVerdict Tick(TimeSpan since)
    {
        if (since < interval / 2)
        {
            return PongVerdict.Nothing;
        }

        if (since > interval * 3 / 2)
        {
            _forgiven = _pinged;
        }

        var ponged = Volatile.Read(ref _ponged);
        var missing = _pinged - Math.Max(ponged, _forgiven);
        if (missing >= _patience || _pinged - ponged >= Longest * _patience)
        {
            return PongVerdict.Dead;
        }

        Volatile.Write(ref _pinged, _pinged + 1);
        return missing == _patience / 2 ? PongVerdict.Doubt : PongVerdict.Ping;
    }

    /// <summary>The peer has answered the ping of that number.</summary>
    /// <returns>False when it was never sent.</returns>
    public bool Answered(long number)
    {
        if (number > Pinged)
        {
            return false;
        }

        Volatile.Write(ref _ponged, number);
        return true;
    }
}
