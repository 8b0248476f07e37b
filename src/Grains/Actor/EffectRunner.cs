using Gemini.Live.Models;
using Gemini.Live.Scanning;
using Gemini.Live.Setup;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// Performs effects in order, on the mailbox. What an effect fails at comes back as an input; nothing here waits.
/// </summary>
internal sealed class EffectRunner
{
    /// <summary>How long the last facts of a conversation may take to be written when it leaves.</summary>
    private static readonly TimeSpan LastWrites = TimeSpan.FromSeconds(10);

    private readonly ConversationContext _context;
    private readonly ConversationActor _actor;
    private readonly IFactJournal _journal;
    private readonly Deadlines _deadlines;
    private readonly FrameInHand _frame;
    private readonly RecoverySpans _recoveries;
    private readonly AskedCalls _asked = new();
    private readonly double _pace;
    private IUpstreamLink? _link;
    private int _linkNumber;
    private EdgeClose? _closing;

    public EffectRunner(ConversationContext context, ConversationActor actor, ConversationState state)
    {
        _context = context;
        _actor = actor;
        _frame = new FrameInHand(actor.Id);
        _recoveries = new RecoverySpans(actor.Id);
        var settings = context.Settings;
        var manual = state.Rules.ManualActivity;
        Pump = new InputPump(
            new InputLog(
                state.Media.LastInput,
                manual ? settings.ManualInputLogBytes : settings.InputLogBytes,
                manual ? null : state.Rules.SilenceMs),
            context.Clock,
            actor.PumpDue,
            done => actor.Post(new ConversationInput.ReplayFlushed(_linkNumber, done.AudioMs)));
        _pace = manual ? double.PositiveInfinity : context.Setup.Entry.ReplayPacing;
        Output = new OutputLog(state.Media.LastOutput, settings.OutputLogBytes);
        _journal = context.OpenJournal(
            batch =>
            {
                context.Published(context.Ownership, batch);
                actor.Post(new ConversationInput.JournalCommitted(batch[^1].Position));
            },
            () => actor.Post(new ConversationInput.OwnershipLost()));
        _deadlines = new Deadlines(context.Clock, (kind, generation) => actor.Post(new ConversationInput.DeadlineElapsed(kind, generation)));
    }

    public InputPump Pump { get; }

    public OutputLog Output { get; }

    /// <summary>The attached client, if one is.</summary>
    public Attachment? Client { get; private set; }

    /// <summary>The link frame that the next effects speak of.</summary>
    public void InHand(ReadOnlyMemory<byte> frame, in ServerFrame scanned) => _frame.Take(frame, scanned);

    /// <summary>The newest client wins: the older one is closed, the new one first gets what was not confirmed.</summary>
    /// <param name="generation">Number of the attachment.</param>
    /// <param name="edge">The client's.</param>
    /// <param name="awaitsSetup">It waits for upstream's own <c>setupComplete</c>.</param>
    /// <param name="has">Newest output of an earlier attachment that this same client has; null for another client.</param>
    public Attachment Welcome(int generation, IEdge edge, bool awaitsSetup, long? has)
    {
        Leave(EdgeClose.Superseded);
        _closing = null;
        if (has is { } number)
        {
            Output.RewindTo(number);
        }
        else
        {
            Output.Rewind();
        }

        var attachment = new Attachment(_actor, generation, _context.Ownership.Epoch, (Pump.Log.Last + 1, Output.Next), edge);
        Client = attachment;
        attachment.Edge.Opened(attachment, awaitsSetup);
        Output.DeliverTo(attachment.Edge);
        return attachment;
    }

    public void Perform(Effect effect, long nowMs)
    {
        switch (effect)
        {
            case Effect.OpenLink open:
                Open(open);
                break;
            case Effect.CloseLink:
                Pump.Detach();
                _link?.Close();
                _link = null;
                Credit();
                break;
            case Effect.DropLink:
                Pump.Detach();
                _link = null;
                Credit();
                break;
            case Effect.PrepareLink prepare:
                _context.Upstream.Prepare(Endpoint(prepare.Endpoint));
                break;
            case Effect.SendUpstream send:
                Pump.Attach(_link);
                Pump.SendNow(send.Frame.ToArray());
                break;
            case Effect.QuarantineInput quarantine:
                Pump.Log.Quarantine(quarantine.Position);
                break;
            case Effect.SendInputAfter send:
                Pump.SendAfter(_link, send.Position, _pace);
                break;
            case Effect.HoldInput:
                Pump.Hold();
                break;
            case Effect.HoldInputAfter hold:
                Pump.Attach(_link);
                Pump.Hold(hold.Position);
                break;
            case Effect.ReleaseInput:
                Pump.Release();
                break;
            case Effect.TrimInput trim:
                Pump.Log.TrimTo(trim.Position);
                // What the log has forgotten, not what was asked: a trim may come late, or wait for what was not sent.
                Client?.Edge.Durable(Pump.Log.First - 1);
                break;
            case Effect.ForwardFrame { WithoutTurnEnd: true } forward:
                if (FrameEditor.SplitTurnEnd(_frame.For(forward.StripInput, forward.StripOutput, forward.StripTools)) is var (content, _))
                {
                    Send(content, _frame.Traits, _frame.AudioMs, afterFact: 0);
                }

                break;
            case Effect.ForwardFrame forward:
                Send(_frame.For(forward.StripInput, forward.StripOutput, forward.StripTools), _frame.Traits, _frame.AudioMs, forward.AfterFact);
                _asked.Add(forward.Calls, Output.Last);
                break;
            case Effect.ForwardTurnEnd end:
                SendTurnEnd(end);
                break;
            case Effect.SendToClient send:
                Send(send.Frame.Span, send.Traits, audioMs: 0, send.AfterFact);
                _asked.Add(send.Calls, Output.Last);
                break;
            case Effect.ConfirmCall confirm:
                Output.Confirmed(_asked.Confirmed(confirm.Id));
                break;
            case Effect.ForgetCall forget:
                Output.Drop(_asked.Forgotten(forget.Id));
                break;
            case Effect.DiscardAudio:
                Output.DiscardAudio();
                break;
            case Effect.CloseClient close when close.Close == EdgeClose.Moving:
                // The next owner may claim it as soon as the edge knows: everything has to be written by then.
                _closing = close.Close;
                break;
            case Effect.CloseClient close:
                _closing = close.Close;
                CloseWhenDelivered(close.AtOnce);
                break;
            case Effect.Append append:
                Append(new(append.Position, _context.Clock.GetUtcNow(), append.Fact), append.Durability);
                break;
            case Effect.ArmDeadline arm:
                _deadlines.Arm(arm.Kind, arm.Generation, TimeSpan.FromMilliseconds(arm.AtMs - nowMs + (arm.SpreadMs > 0 ? arm.SpreadMs * _context.Chance() : 0)));
                break;
            case Effect.DisarmDeadline disarm:
                _deadlines.Disarm(disarm.Kind);
                break;
            case Effect.Count count:
                _context.Metrics.Count(count.What);
                break;
            default:
                throw new InvalidOperationException($"No one performs {effect.GetType().Name}.");
        }
    }

    /// <summary>Numbers a frame, keeps it until the client confirms it, and delivers it if nothing before it waits.</summary>
    public void Send(ReadOnlySpan<byte> frame, OutputTraits traits, int audioMs, long afterFact)
    {
        var overflowed = Output.Overflowed;
        Output.Append(frame, traits, audioMs, afterFact);
        if (Output.Overflowed > overflowed)
        {
            _context.Metrics.Count("outputOverflowed");
        }

        if (Client is { } client)
        {
            Output.DeliverTo(client.Edge);
        }
    }

    public void Durable(long position)
    {
        Output.Durable(position);
        if (Client is { } client)
        {
            Output.DeliverTo(client.Edge);
        }

        CloseWhenDelivered(atOnce: false);
    }

    /// <summary>Gives or takes the client's credit by how the link takes its input.</summary>
    public void Credit()
    {
        if (Pump.IsClogged)
        {
            Client?.Pause();
        }
        else
        {
            Client?.Resume();
        }
    }

    /// <summary>The client's socket has ended; what comes is kept for the next one.</summary>
    public void ClientLeft(int generation)
    {
        if (Client?.Generation == generation)
        {
            Client = null;
        }
    }

    /// <summary>After a bug: nothing may be left behind.</summary>
    public void Abort()
    {
        _link?.Close();
        Leave(new EdgeClose(1011, "Internal error encountered."));
    }

    /// <summary>Off the mailbox: writes what is still to be written, then gives the conversation up.</summary>
    public async Task FinishAsync()
    {
        await _journal.FinishAsync(LastWrites);
        _actor.Finished();
        await _context.Store.ReleaseAsync(_context.Ownership, CancellationToken.None);
    }

    /// <summary>On the mailbox, after everything else: gives memory back.</summary>
    public void Dispose()
    {
        _deadlines.Dispose();
        _context.Upstream.Close();
        Leave(_closing ?? new EdgeClose(1011, "The conversation was put away; resume the session to continue."));
        Pump.Dispose();
        Output.Dispose();
    }

    private void Append(JournalEntry entry, Durability durability)
    {
        _journal.Append(entry, durability);
        _context.Metrics.Appended(entry.Fact);
        _recoveries.Appended(entry);
    }

    private void Open(Effect.OpenLink open)
    {
        Pump.Detach();
        var endpoint = Endpoint(open.Plan.Endpoint);
        var setup = UpstreamSetup.Write(
            _context.Setup,
            open.Plan is ResumePlan.Resume resume ? resume.Checkpoint.Handle : null,
            endpoint.ModelName(_context.Setup.Model),
            initialHistory: open.Plan is ResumePlan.Seed && _context.Setup.Entry.Seeding == SeedingStyle.HistoryConfig);
        _linkNumber = open.Link;
        _link = _context.Upstream.Open(open.Link, endpoint, setup, _actor);
    }

    private UpstreamEndpoint Endpoint(string name)
    {
        foreach (var endpoint in _context.Endpoints)
        {
            if (endpoint.Name == name)
            {
                return endpoint;
            }
        }

        throw new InvalidOperationException($"No endpoint is called {name}.");
    }

    private void SendTurnEnd(Effect.ForwardTurnEnd end)
    {
        var frame = _frame.For(end.StripInput, end.StripOutput, end.StripTools);
        if (FrameEditor.SplitTurnEnd(frame) is var (content, turnEnd))
        {
            Send(content, _frame.Traits, _frame.AudioMs, afterFact: 0);
            Send(turnEnd, OutputTraits.TurnComplete, audioMs: 0, end.AfterFact);
        }
        else
        {
            Send(frame, OutputTraits.TurnComplete, audioMs: 0, end.AfterFact);
        }
    }

    private void CloseWhenDelivered(bool atOnce)
    {
        if (_closing is { } close && close != EdgeClose.Moving && (atOnce || !Output.IsWaiting))
        {
            Leave(close);
        }
    }

    private void Leave(EdgeClose close)
    {
        if (Client is { } client)
        {
            client.Resume();
            client.Edge.Close(close);
            Client = null;
        }
    }
}
