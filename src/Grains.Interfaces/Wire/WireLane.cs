namespace Orchestrator.Wire;

/// <summary>
/// How much of a connection's queue one stream holds, so that one that talks into a connection which nobody reads is
/// told before it fills the queue for all. Used under the sender's lock only.
/// </summary>
/// <param name="bound">Bytes that may wait at the same time.</param>
internal sealed class WireLane(int bound)
{
    private long _before;
    private long _since;
    private long _mark;

    /// <summary>
    /// Books a frame if there is room. What waits is known to within one round of the queue: bytes count until everything
    /// that was queued when the round began has left.
    /// </summary>
    /// <param name="queued">Bytes that the connection has ever queued.</param>
    /// <param name="sent">Bytes that have left.</param>
    public bool TryTake(int size, long queued, long sent)
    {
        if (sent >= _mark)
        {
            _before = sent >= queued ? 0 : _since;
            _since = 0;
            _mark = queued;
        }

        // The frame that passes the bound still goes: a large one must be able to.
        if (_before + _since > bound)
        {
            return false;
        }

        _since += size;
        return true;
    }
}
