using Orchestrator.Attach;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// The input log and the one place from which it is sent: frames leave in order, each at most once per link,
/// up to the limit that the step has set. Runs on the mailbox; a send that the operating system does not take
/// at once is reported back through <paramref name="sendFinished"/>.
/// </summary>
internal sealed class InputPump(long after, long maxBytes, Action sendFinished) : IDisposable
{
    /// <summary>Unsent input at which the client gets no more credit while a send is stuck, and at which it gets it back.</summary>
    private const long CreditBytes = 256 * 1024;

    private const long QuietMs = 2_000;

    private readonly FrameLog _log = new(after);
    private IUpstreamLink? _link;
    private long _limit = long.MaxValue;
    private (IUpstreamLink? Link, long Number) _sending;
    private long _unsent;

    public long Last => _log.Last;

    /// <summary>Bytes in the log.</summary>
    public long Bytes => _log.Bytes;

    /// <summary>Last position that was handed to the link.</summary>
    public long SentTo { get; private set; } = after;

    /// <summary>True when the link does not take what the client sends: the client has to wait.</summary>
    public bool IsClogged => _sending.Link is not null && _unsent > CreditBytes;

    public long Append(ReadOnlySpan<byte> payload, InputTraits traits, int audioMs)
    {
        _unsent += payload.Length;
        return _log.Append(payload, (ushort)traits, audioMs);
    }

    /// <summary>Drops the oldest frames when the log is over its bound.</summary>
    /// <returns>What was given up; null when nothing had to be.</returns>
    public (long From, long To, long AudioMs, long Bytes)? Evict()
    {
        if (_log.Bytes <= maxBytes)
        {
            return null;
        }

        var (from, audio, bytes) = (_log.First, _log.AudioMs, _log.Bytes);
        var to = from - 1;
        // The frame under way is still being read by its socket.
        while (_log.Bytes > maxBytes && _log.First < _log.Last && _log.First != _sending.Number)
        {
            to = _log.First;
            _log.TrimTo(to);
        }

        if (to < from)
        {
            return null;
        }

        SentTo = Math.Max(SentTo, to);
        return (from, to, audio - _log.AudioMs, bytes - _log.Bytes);
    }

    /// <summary>Sends everything after the position on this link, and goes on with what comes.</summary>
    public void SendAfter(IUpstreamLink? link, long position)
    {
        _link = link;
        _limit = long.MaxValue;
        SentTo = Math.Clamp(position, _log.First - 1, _log.Last);
        _unsent = 0;
        for (var n = SentTo + 1; n <= _log.Last; n++)
        {
            _unsent += _log[n].Length;
        }

        Pump();
    }

    /// <summary>Sends no more than what is in the log now.</summary>
    public void Hold() => _limit = _log.Last;

    public void Release()
    {
        _limit = long.MaxValue;
        Pump();
    }

    public void Detach() => _link = null;

    public void TrimTo(long position) => _log.TrimTo(Math.Min(position, SentTo));

    /// <summary>While nobody has said anything since the last turn, only a pre-roll of old silence is worth keeping.</summary>
    public void TrimQuiet()
    {
        while (_log.AudioMs > QuietMs && _log.First <= SentTo)
        {
            _log.TrimTo(_log.First);
        }
    }

    public void Pump()
    {
        while (_sending.Link is null && _link is { } link && SentTo < _log.Last && SentTo < _limit)
        {
            var entry = _log[SentTo + 1];
            var send = entry.IsDropped ? ValueTask.CompletedTask : link.SendAsync(entry.Payload);
            if (!send.IsCompleted)
            {
                _sending = (link, SentTo + 1);
                _ = FinishAsync(send);
                return;
            }

            Sent(entry.Length);
        }
    }

    /// <summary>The send that was under way is over, on whatever link it was.</summary>
    public void SendFinished()
    {
        var (link, number) = _sending;
        _sending = default;
        if (link == _link && number == SentTo + 1)
        {
            Sent(_log[number].Length);
        }

        Pump();
    }

    /// <summary>A frame that a socket may still be reading keeps its memory out of the pool.</summary>
    public void Dispose()
    {
        if (_sending.Link is null)
        {
            _log.Dispose();
        }
    }

    private void Sent(int bytes)
    {
        SentTo++;
        _unsent -= bytes;
    }

    private async Task FinishAsync(ValueTask send)
    {
        await send;
        sendFinished();
    }
}
