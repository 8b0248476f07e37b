using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Microsoft.Extensions.Logging;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// The shell around one conversation: takes an input, steps, performs the effects in order. Whichever thread brings an
/// input handles it, one at a time (<see cref="Mailbox{T}"/>), and nothing in here waits: a client's audio frame is
/// received, stepped and sent upstream by one thread.
/// </summary>
internal sealed partial class ConversationActor
{
    private readonly ConversationContext _context;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Mailbox<Letter> _mailbox;
    private readonly List<Effect> _effects = [];
    private readonly EffectRunner _runner;
    private readonly long _startTimestamp;
    private readonly long _startMs;
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ConversationState _state;
    private bool _released;
    private long _settledAtEdge;
    private int _attempt;
    private readonly long? _witnessed;
    private long _waitingBytes;

    public ConversationActor(ConversationContext context, ConversationState state, DateTimeOffset openedAt)
    {
        _context = context;
        _clock = context.Clock;
        _logger = context.Logger;
        _state = state;
        _witnessed = state.Takeover?.LastOutput;
        _startTimestamp = _clock.GetTimestamp();
        _startMs = Math.Max(0, (long)(_clock.GetUtcNow() - openedAt).TotalMilliseconds);
        _mailbox = new Mailbox<Letter>(Handle);
        _runner = new EffectRunner(context, this, state);
        context.Metrics.Activated();
    }

    public Ownership Ownership => _context.Ownership;

    public ConversationId Id => _context.Ownership.Conversation;

    /// <summary>Completes when the conversation has left memory and its ownership is given up.</summary>
    public Task Gone => _gone.Task;

    /// <summary>Bytes that the two logs hold. Only meaningful while no input is being handled.</summary>
    internal (long Input, long Output) LoggedBytes => (_runner.Pump.Log.Bytes, _runner.Client.Output.Bytes);

    /// <summary>Input that no connection has taken yet.</summary>
    internal long UnsentBytes => _runner.Pump.Log.UnsentBytes;

    private long NowMs => _startMs + (long)_clock.GetElapsedTime(_startTimestamp).TotalMilliseconds;

    private void Handle(Letter letter)
    {
        try
        {
            Take(letter);
        }
        catch (Exception bug)
        {
            // The one place that catches everything: the conversation ends, the silo goes on.
            Failed(bug, Id);
            _runner.Abort();
            Release("internal error");
        }
        finally
        {
            Interlocked.Add(ref _waitingBytes, -letter.WaitingBytes);
            letter.Recycle();
        }
    }

    private void Take(in Letter letter)
    {
        switch (letter.Kind)
        {
            case LetterKind.Attach:
                Attach((Attaching)letter.Subject!);
                break;
            case LetterKind.ClientFrame:
                TakeClientFrame((Attachment)letter.Subject!, letter);
                break;
            case LetterKind.LinkFrame:
                TakeLinkFrame((int)letter.Number, letter.Payload);
                break;
            case LetterKind.Confirmed:
                if (letter.Subject == _runner.Client.Attached)
                {
                    _runner.Client.Output.Confirmed(letter.Number);
                }

                break;
            case LetterKind.PumpDue:
                _runner.Pump.Wake();
                _runner.Credit();
                break;
            case LetterKind.Finished:
                _runner.Dispose();
                break;
            default:
                if (letter.Input is ConversationInput.ClientDetached detached)
                {
                    _runner.Client.Left(detached.Generation);
                }

                Step(letter.Input!);
                break;
        }
    }

    private void Attach(Attaching attaching)
    {
        if (_released)
        {
            attaching.Result.SetResult(null);
            return;
        }

        if (IsLate(attaching))
        {
            attaching.Result.SetException(new AttachRefusedException(EdgeClose.Superseded));
            return;
        }

        if (attaching.Memory is null && Displacement.Refuses(_state, NowMs))
        {
            _context.Metrics.Count("newcomerRefused");
            attaching.Result.SetException(new AttachRefusedException(EdgeClose.Contended));
            return;
        }

        if (IsOutdatedFor(attaching))
        {
            _context.Metrics.Count("outdatedActivation");
            Step(new ConversationInput.OwnershipLost());
            attaching.Result.SetResult(null);
            return;
        }

        _settledAtEdge = Math.Max(_settledAtEdge, attaching.Memory?.SettledInput ?? 0);

        var attachment = _runner.Client.Welcome(_state.Attachments + 1, _runner.Pump.Log.Last + 1, attaching.Edge, attaching.Wants.AwaitsSetup, attaching.Memory?.LastOutput);
        Step(new ConversationInput.ClientAttached(attachment.Generation, attaching.Wants) { Moved = attaching.Memory is not null, Client = attaching.Who?.Client });
        _attempt = attaching.Who?.Attempt ?? 0;
        attaching.Result.SetResult(attachment);
    }

    /// <summary>A client that goes on must not displace a newer one, nor an attach that was overtaken its own successor.</summary>
    private bool IsLate(Attaching attaching) => attaching.Who is var (client, attempt) && _state.Client is { } newest
        && (client == newest ? attempt < _attempt : attaching.Memory is not null && newest.CompareTo(client) > 0);

    /// <summary>
    /// The client has been served elsewhere since what this activation was told of it: an attach that was thought to be lost
    /// has brought it here, and came to nothing. It knows too little of what was heard; the next one is told everything.
    /// </summary>
    private bool IsOutdatedFor(Attaching attaching) =>
        attaching.Memory is { } memory && memory.Epoch != Ownership.Epoch && memory.LastOutput != _witnessed;

    private void TakeClientFrame(Attachment from, in Letter letter)
    {
        if (from != _runner.Client.Attached || _released)
        {
            // It may have been paused for this very frame, and nobody else will tell it to go on.
            from.Resume();
            _context.Metrics.Count("staleClientFrame");
            return;
        }

        if (letter.Number != 0 && !IsNext(letter.Number))
        {
            return;
        }

        var payload = letter.Payload.Span;
        if ((letter.Traits & InputTraits.ClientContent) != 0 && _state.EchoExpected)
        {
            payload = HistoryEcho.Without(payload, _state.History);
            if (payload.IsEmpty)
            {
                // It keeps its position, so that an edge that numbers its frames and this log go on counting alike.
                _runner.Pump.Log.Quarantine(_runner.Pump.Log.Append(payload, letter.Traits, 0));
                Step(new ConversationInput.ClientEchoedHistory());
                return;
            }
        }

        var seq = _runner.Pump.Log.Append(payload, letter.Traits, letter.AudioMs);
        if (MediaPath.ObserveInput(_state, seq, letter.Traits, letter.AudioMs, NowMs))
        {
            Step(ClientFrames.Read(payload, seq, letter.Traits));
        }

        _runner.Pump.Pump();
        if (_runner.Pump.Log.Evict() is { } lost)
        {
            Step(new ConversationInput.InputEvicted(lost.From, lost.To, lost.Frames, lost.AudioMs, lost.Bytes));
        }

        if (_state.IsQuiet && _state.Hold is null)
        {
            _runner.Pump.Log.TrimQuiet();
        }

        _runner.Credit();
    }

    /// <summary>An edge numbers its frames: what the log has already is passed over, what is left out is lost.</summary>
    private bool IsNext(long position)
    {
        var log = _runner.Pump.Log;
        if (position <= log.Last)
        {
            _context.Metrics.Count("inputRepeated");
            return false;
        }

        var (from, frames) = (log.Last + 1, (int)(position - log.Last - 1));
        log.Skip(position - 1);
        if (Math.Max(from, _settledAtEdge + 1) < position)
        {
            Step(new ConversationInput.InputEvicted(from, position - 1, frames, AudioMs: 0, Bytes: 0));
        }

        return true;
    }

    private void TakeLinkFrame(int link, ReadOnlyMemory<byte> frame)
    {
        if (!FrameScanner.TryScanServer(frame.Span, out var scanned, out _))
        {
            _context.Metrics.Count("unreadableServerFrame");
            return;
        }

        var audioMs = ServerNotices.AudioMs(scanned);
        if (MediaPath.ObserveOutput(_state, link, scanned.Parts, audioMs, NowMs))
        {
            _runner.Client.Send(frame.Span, OutputTraits.Audio, audioMs, afterFact: 0);
            _state.Media.LastOutput = _runner.Client.Output.Last;
            return;
        }

        _runner.Client.InHand(frame, scanned);
        Step(new ConversationInput.LinkMessage(link, ServerNotices.Read(frame.Span, scanned)));
        _runner.Client.InHand(default, default);
    }

    private void Step(ConversationInput input)
    {
        if (_released && input is not ConversationInput.JournalCommitted)
        {
            _context.Metrics.Count("afterRelease");
            return;
        }

        _state.Media.SentTo = _runner.Pump.HandedTo;
        _effects.Clear();
        _state = ConversationStep.Apply(_state, input, NowMs, _effects);
        foreach (var effect in _effects)
        {
            if (effect is Effect.Release release)
            {
                Release(release.Reason);
            }
            else
            {
                _runner.Perform(effect, NowMs);
            }
        }

        _state.Media.LastOutput = _runner.Client.Output.Last;
        if (input is ConversationInput.JournalCommitted committed)
        {
            _runner.Client.Durable(committed.Position);
        }
    }

    private void Release(string reason)
    {
        if (!_released)
        {
            _released = true;
            Leaving(Id, reason, _state.Turns, _state.Links);
            _ = FinishAsync();
        }
    }

    private async Task FinishAsync()
    {
        try
        {
            await _runner.FinishAsync();
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException)
        {
            Failed(failure, Id);
        }
        finally
        {
            _context.Metrics.Released();
            _gone.SetResult();
        }
    }
}
