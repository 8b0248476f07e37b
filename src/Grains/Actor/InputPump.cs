using System.Diagnostics;
using Orchestrator.Attach;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// The one place from which input is sent: frames of the log leave in order, each at most once per link, up to the limit
/// that the step has set, a backlog at the pace that the model takes; frames of the gateway's own go between them. Runs on
/// the mailbox. When a send that the operating system did not take at once is over, or the next piece of a backlog is due,
/// <paramref name="due"/> is called from any thread, and <see cref="Wake"/> is to be called on the mailbox.
/// </summary>
/// <param name="log">The input; disposed with the pump.</param>
/// <param name="clock">Paces backlogs.</param>
/// <param name="due">Asks for <see cref="Wake"/>.</param>
/// <param name="replayed">Told on the mailbox, in the midst of the pump's work, when everything that <see cref="SendAfter"/>
/// found was handed over; it must not call back.</param>
internal sealed class InputPump(InputLog log, TimeProvider clock, Action due, Action<ReplayDone>? replayed = null) : IDisposable
{
    /// <summary>Unsent input at which the client gets no more credit while a send is stuck, and at which it gets it back.</summary>
    private const long CreditBytes = 256 * 1024;

    /// <summary>What names something of the link that it was meant for: the step repeats what is worth it in its own words.</summary>
    private const InputTraits NeverReplayed = InputTraits.ToolResponse;

    private readonly ReplayPace _pace = new(clock, due);
    private readonly Queue<byte[]> _own = new();
    private IUpstreamLink? _link;
    private Send? _sending;
    private bool _flowing;
    private bool _hasFlowed;
    private bool _isSuccessor;
    private long _limit = long.MaxValue;
    private long _ownBytes;
    private (bool IsOn, long To, long AudioMs, int Frames) _replay;

    public InputLog Log => log;

    /// <summary>Newest position that the link has or is being given.</summary>
    public long HandedTo => Math.Max(log.SentTo, _sending?.Position ?? 0);

    /// <summary>True when the link does not take what the client sends: the client has to wait.</summary>
    public bool IsClogged => _sending is not null && log.UnsentBytes + _ownBytes > CreditBytes;

    /// <summary>Own frames go to this link from now on; input waits for <see cref="SendAfter"/>.</summary>
    public void Attach(IUpstreamLink? link)
    {
        if (link == _link)
        {
            return;
        }

        // Own frames that did not go out were meant for the old link, and so was the send that it has not finished.
        (_link, _sending, _flowing, _replay, _ownBytes, _limit) = (link, null, false, default, 0, long.MaxValue);
        _own.Clear();
        _pace.Stop();
    }

    public void Detach() => Attach(null);

    /// <summary>
    /// Sends everything after the position on this link, and goes on with what comes. What is in the log now is a replay;
    /// until it and what comes meanwhile is through, audio leaves at <paramref name="pace"/> times real time. Once per link.
    /// </summary>
    public void SendAfter(IUpstreamLink? link, long position, double pace)
    {
        Attach(link);
        if (link is null)
        {
            return;
        }

        Debug.Assert(!_flowing, "Input goes to a link once.");
        // On the first link nothing is a repetition: what a client sent too early is upstream's to judge.
        _isSuccessor = _hasFlowed;
        _hasFlowed = true;
        log.RewindTo(position);
        _flowing = true;
        _replay = (IsOn: true, log.Last, AudioMs: 0, Frames: 0);
        _pace.Start(pace);
        Pump();
    }

    /// <summary>
    /// Sends a frame of the gateway's own making before any further input, even while input is held. Without a link it is
    /// dropped: whether the next one needs it is decided anew.
    /// </summary>
    public void SendNow(byte[] frame)
    {
        if (_link is not null)
        {
            _own.Enqueue(frame);
            _ownBytes += frame.Length;
            Pump();
        }
    }

    /// <summary>Sends no more than what is in the log now.</summary>
    public void Hold() => _limit = log.Last;

    /// <summary>Sends nothing after the position.</summary>
    public void Hold(long position) => _limit = position;

    public void Release()
    {
        _limit = long.MaxValue;
        Pump();
    }

    public void Pump()
    {
        while (_link is { } link && _sending is null)
        {
            if (_own.TryDequeue(out var own))
            {
                _ownBytes -= own.Length;
                Wait(link.SendAsync(own), position: 0, audioMs: 0);
            }
            else if (_flowing && TryTake(out var position))
            {
                var entry = log[position];
                using var frame = entry.Read();
                if (Wait(link.SendAsync(frame.Bytes.Span), position, entry.AudioMs))
                {
                    Sent(position, entry.AudioMs);
                }
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Goes on if the send that was under way is over, and sends what is due.</summary>
    public void Wake()
    {
        if (_sending is { IsOver: true } send)
        {
            _sending = null;
            if (send.Position > 0)
            {
                Sent(send.Position, send.AudioMs);
            }
        }

        Pump();
    }

    public void Dispose()
    {
        Detach();
        _pace.Dispose();
        log.Dispose();
    }

    /// <summary>Finds the frame that may leave now.</summary>
    private bool TryTake(out long position)
    {
        for (position = log.NextUnsent; position <= log.Last && position <= _limit; position = log.NextUnsent)
        {
            PassTo(position - 1);
            var entry = log[position];
            if (!_replay.IsOn || !_isSuccessor || ((InputTraits)entry.Traits & NeverReplayed) == 0)
            {
                return _pace.TryTake(entry.AudioMs);
            }

            PassTo(position);
        }

        PassTo(Math.Min(log.Last, _limit));
        if (log.SentTo == log.Last)
        {
            _pace.Stop();
        }

        return false;
    }

    private void Sent(long position, int audioMs)
    {
        if (_replay.IsOn)
        {
            _replay.AudioMs += audioMs;
            _replay.Frames++;
        }

        PassTo(position);
    }

    private void PassTo(long position)
    {
        log.AdvanceTo(position);
        if (_replay.IsOn && log.SentTo >= _replay.To)
        {
            var done = new ReplayDone(_link!, _replay.AudioMs, _replay.Frames);
            _replay = default;
            replayed?.Invoke(done);
        }
    }

    /// <returns>True when the link has taken it already.</returns>
    private bool Wait(ValueTask sent, long position, int audioMs)
    {
        if (sent.IsCompleted)
        {
            return true;
        }

        _sending = new Send(position, audioMs);
        _ = FinishAsync(sent, _sending);
        return false;
    }

    private async Task FinishAsync(ValueTask sent, Send send)
    {
        await sent;
        send.IsOver = true;
        due();
    }

    /// <summary>A frame that a link has, and that is still on its way to the operating system.</summary>
    private sealed class Send(long position, int audioMs)
    {
        private volatile bool _isOver;

        /// <summary>Its place in the log; 0 for a frame of the gateway's own.</summary>
        public long Position => position;

        public int AudioMs => audioMs;

        public bool IsOver
        {
            get => _isOver;
            set => _isOver = value;
        }
    }
}

/// <summary>Everything that was in the log when a link took over was handed to it.</summary>
/// <param name="Link">The link that has it.</param>
/// <param name="AudioMs">Audio that was sent for it.</param>
/// <param name="Frames">Frames that were sent for it.</param>
internal readonly record struct ReplayDone(IUpstreamLink Link, long AudioMs, int Frames);
