using Gemini.Live.Models;
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
    private readonly RecoverySpans _recoveries;
    private readonly double _pace;
    private IUpstreamLink? _link;
    private int _linkNumber;

    public EffectRunner(ConversationContext context, ConversationActor actor, ConversationState state)
    {
        _context = context;
        _actor = actor;
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
        Client = new ClientSide(actor, context.Metrics, new OutputLog(state.Media.LastOutput, settings.OutputLogBytes));
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

    public ClientSide Client { get; }

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
                Client.Attached?.Edge.Durable(Pump.Log.First - 1);
                break;
            case Effect.ForwardFrame forward:
                Client.Forward(forward);
                break;
            case Effect.ForwardTurnEnd end:
                Client.Forward(end);
                break;
            case Effect.SendToClient send:
                Client.Send(send);
                break;
            case Effect.ConfirmCall confirm:
                Client.ConfirmCall(confirm.Id);
                break;
            case Effect.ForgetCall forget:
                Client.ForgetCall(forget.Id);
                break;
            case Effect.DiscardAudio:
                Client.Output.DiscardAudio();
                break;
            case Effect.CloseClient close:
                Client.Close(close);
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

    /// <summary>Gives or takes the client's credit by how the link takes its input.</summary>
    public void Credit() => Client.Credit(Pump.IsClogged);

    /// <summary>After a bug: nothing may be left behind.</summary>
    public void Abort()
    {
        _link?.Close();
        Client.Leave(new EdgeClose(1011, "Internal error encountered."));
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
        Client.Dispose();
        Pump.Dispose();
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
}
