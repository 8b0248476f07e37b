using Orchestrator.Attach;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// Output on its way to the client: numbered, held behind a <c>turnComplete</c> that waits for its commit, and kept
/// until the client has confirmed it, so that a client that comes back first hears what it missed (DESIGN §6.7).
/// Overflow policy: the oldest unconfirmed audio is given up, and counted; words and turn marks never are.
/// </summary>
internal sealed class OutputLog(long after, long maxBytes) : IDisposable
{
    private readonly FrameLog _log = new(after);
    private readonly Queue<(long Number, long Fact)> _gates = new();
    private readonly HashSet<long> _onlyOnce = [];
    private long _deliveredTo = after;
    private long _durable;
    private long _evictAt;

    /// <summary>Audio frames given up because nobody had confirmed anything for too long.</summary>
    public long Overflowed { get; private set; }

    /// <summary>Bytes in the log.</summary>
    public long Bytes => _log.Bytes;

    /// <summary>Number of the newest frame.</summary>
    public long Last => _log.Last;

    /// <param name="payload">The frame.</param>
    /// <param name="traits">What the edge must know.</param>
    /// <param name="audioMs">Its audio.</param>
    /// <param name="afterFact">Journal position that must be durable before this frame may leave; 0 for none.</param>
    public void Append(ReadOnlySpan<byte> payload, OutputTraits traits, int audioMs, long afterFact)
    {
        var number = _log.Append(payload, (ushort)traits, audioMs);
        if (afterFact > _durable)
        {
            _gates.Enqueue((number, afterFact));
        }

        for (_evictAt = Math.Max(_evictAt, _log.First); _log.Bytes > maxBytes && _evictAt < number; _evictAt++)
        {
            if (IsAudio(_evictAt))
            {
                _log.Drop(_evictAt);
                Overflowed++;
            }
        }
    }

    /// <summary>Number of the next frame to be delivered.</summary>
    public long Next => Math.Max(_deliveredTo + 1, _log.First);

    /// <summary>True while output waits for a fact to become durable.</summary>
    public bool IsWaiting => _gates.Count > 0;

    public void Durable(long fact)
    {
        _durable = Math.Max(_durable, fact);
        while (_gates.TryPeek(out var gate) && gate.Fact <= _durable)
        {
            _gates.Dequeue();
        }
    }

    /// <summary>Delivers all that may leave.</summary>
    public void DeliverTo(IEdge edge)
    {
        var end = _gates.TryPeek(out var gate) ? gate.Number - 1 : _log.Last;
        for (var n = Next; n <= end; n++)
        {
            var entry = _log[n];
            if (!entry.IsDropped)
            {
                using (var frame = entry.Read())
                {
                    edge.Deliver(new OutputFrame(n, frame.Bytes, (OutputTraits)entry.Traits, entry.AudioMs));
                }

                if (_onlyOnce.Remove(n))
                {
                    _log.Drop(n);
                }
            }
        }

        _deliveredTo = Math.Max(_deliveredTo, end);
    }

    /// <summary>The client confirmed everything up to this number.</summary>
    public void Confirmed(long number) => _log.TrimTo(Math.Min(number, _deliveredTo));

    /// <summary>A client that comes back need not have this frame. One that has not been delivered yet will be, for what follows
    /// speaks of it.</summary>
    public void Drop(long number)
    {
        if (number > _deliveredTo)
        {
            _onlyOnce.Add(number);
        }
        else if (number >= _log.First)
        {
            _log.Drop(number);
        }
    }

    /// <summary>A new client starts where the last one stopped confirming.</summary>
    public void Rewind() => _deliveredTo = _log.First - 1;

    /// <summary>The same client is served in another way, and has everything up to this number.</summary>
    public void RewindTo(long number) => _deliveredTo = Math.Clamp(number, _log.First - 1, _log.Last);

    /// <summary>
    /// The user interrupted: what is left of the newest turn's audio is not worth hearing, now or after a reattach.
    /// Finished turns before it, which may still wait for their commit, are none of its business.
    /// </summary>
    public void DiscardAudio()
    {
        for (var n = _log.Last; n >= _log.First && ((OutputTraits)_log[n].Traits & OutputTraits.TurnComplete) == 0; n--)
        {
            if (IsAudio(n))
            {
                _log.Drop(n);
            }
        }
    }

    public void Dispose() => _log.Dispose();

    private bool IsAudio(long number) => ((OutputTraits)_log[number].Traits & OutputTraits.Audio) != 0;
}
