using Gemini.Live.Setup;
using Microsoft.Extensions.Logging;
using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Hosting;

/// <summary>
/// The grains of this silo: activates a conversation on its first attach, hands later attaches to the same actor,
/// and forgets it when it has left memory. At most one activation of an id runs at a time.
/// </summary>
public sealed partial class ConversationHost(
    ConversationActivator activator,
    IConversationStore store,
    ConversationSettings settings,
    TimeProvider clock,
    ILogger<ConversationHost> logger,
    GrainMetrics metrics,
    MemoryGuard memory) : IConversationHost
{
    private static readonly EdgeClose Full = new(1013, "The server is full; try again later.");
    private static readonly EdgeClose ShortOfMemory = new(1013, "The server is short of memory; try again later.");

    private readonly ActivationTable _activations = new();

    private volatile bool _stopping;
    private volatile bool _draining;

    /// <summary>False once the silo has begun to stop or to be emptied, and while it is full or short of memory.</summary>
    public bool IsAccepting => !IsLeaving && !IsFull && !IsShortOfMemory;

    /// <summary>It has begun to stop or to be emptied.</summary>
    public bool IsLeaving => _stopping || _draining;

    /// <summary>Conversations in memory here.</summary>
    public int Count => _activations.Count;

    /// <summary>What this silo holds, as it believes.</summary>
    public IReadOnlyCollection<Ownership> Held => [.. _activations.Running.Select(actor => actor.Ownership)];

    private bool IsShortOfMemory => memory.IsShort;

    private bool IsFull => _activations.Count >= settings.MaxConversations;

    /// <summary>True while the conversation is in memory here.</summary>
    public bool IsActive(ConversationId conversation) => _activations.Contains(conversation);

    public async Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation)
    {
        if (Refusal(request.Conversation) is { } refusal)
        {
            return new AttachOutcome.Refused(refusal);
        }

        if (!SetupPlan.TryRead(request.SetupFrame.Span, out var setup, out var fault))
        {
            return new AttachOutcome.Refused(new EdgeClose(fault.CloseCode, fault.Reason));
        }

        if (!setup.ModelKnown)
        {
            UnknownModel(request.Conversation, LogText.Printable(setup.Model), setup.Entry.Family.ToString());
        }

        var wants = ClientWants.From(setup) with { AwaitsSetup = setup.AwaitsConsent && !request.Resume };
        try
        {
            while (true)
            {
                var actor = await _activations.GetOrActivateAsync(
                    request.Tenant, request.Conversation, () => ActivateAsync(request, setup), cancellation);
                if (await actor.AttachAsync(edge, wants, request.Client is { } client ? (client, request.Attempt) : null, request.Memory) is { } attachment)
                {
                    return new AttachOutcome.Attached(attachment);
                }

                await actor.Gone.WaitAsync(cancellation);
            }
        }
        catch (DoorsClosedException)
        {
            return new AttachOutcome.Refused(_stopping || !settings.MayMove ? EdgeClose.Restarting : EdgeClose.Moving);
        }
        catch (ConversationNotFoundException)
        {
            return new AttachOutcome.Refused(EdgeClose.HandleUnknown);
        }
        catch (OwnershipLostException)
        {
            // Claimed elsewhere before it was open here: by a try of the same client that was thought to be lost, most likely.
            return new AttachOutcome.Refused(EdgeClose.OwnerLost);
        }
        catch (AttachRefusedException refused)
        {
            return new AttachOutcome.Refused(refused.Close);
        }
        catch (Exception failure) when (failure is IOException or JournalDamagedException)
        {
            StoreFailed(request.Conversation, failure.Message);
            // Another silo may reach the database, and this one again in a moment: the front-end has more patience than the store.
            return new AttachOutcome.Refused(settings.MayMove && failure is IOException ? EdgeClose.Moving : new EdgeClose(1011, "The conversation's journal is unavailable."));
        }
    }

    public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation)
    {
        while (await FindAsync(tenant, conversation) is { } actor)
        {
            actor.Post(new ConversationInput.EndRequested(reason, "tenant"));
            await actor.Gone.WaitAsync(cancellation);
            if ((await store.LoadAsync(tenant, conversation, cancellation)).Entries.Any(e => e.Fact is ConversationEnded))
            {
                return true;
            }
        }

        return await activator.EndAsync(tenant, conversation, reason, cancellation);
    }

    public async Task<bool> ReleaseAsync(ReleaseRequest request, CancellationToken cancellation)
    {
        if (await FindAsync(request.Tenant, request.Conversation) is not { } actor || actor.Ownership.Epoch != request.Epoch)
        {
            return false;
        }

        metrics.Count("releaseAsked");
        actor.Post(new ConversationInput.ReleaseRequested(request.ClientRemembers));
        await actor.Gone.WaitAsync(cancellation);
        return true;
    }

    /// <summary>Puts every conversation away, in order: what is said so far is written, clients are told to resume.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await ForAllAsync(async actor =>
        {
            actor.Post(new ConversationInput.StopRequested());
            await actor.Gone;
        });
    }

    /// <summary>
    /// Empties the silo: idle conversations leave at once, the others at their next turn boundary, and at the deadline
    /// whatever they are doing. It is empty when the task completes, also of conversations that were on their way in.
    /// </summary>
    public async Task DrainAsync(TimeSpan deadline)
    {
        _draining = true;
        var late = Task.Delay(deadline, clock);
        await ForAllAsync(async actor =>
        {
            actor.Post(new ConversationInput.DrainRequested(AtOnce: false));
            if (await Task.WhenAny(actor.Gone, late) == late)
            {
                actor.Post(new ConversationInput.DrainRequested(AtOnce: true));
                await actor.Gone;
            }
        });
    }

    /// <summary>Another silo owns these now: their upstream connections are closed at once.</summary>
    public void Lose(IEnumerable<Ownership> lost)
    {
        var epochs = lost.ToDictionary(ownership => ownership.Conversation, ownership => ownership.Epoch);
        foreach (var actor in _activations.Running.Where(actor => epochs.TryGetValue(actor.Id, out var epoch) && actor.Ownership.Epoch == epoch))
        {
            metrics.Count("ownershipLost");
            actor.Post(new ConversationInput.OwnershipLost());
        }
    }

    /// <summary>The silo has no database: a conversation whose client has been gone for so long is put away.</summary>
    public void Isolate(TimeSpan after)
    {
        foreach (var actor in _activations.Running)
        {
            actor.Post(new ConversationInput.Isolated((long)after.TotalMilliseconds));
        }
    }

    /// <summary>Whoever is here, and whoever was let in before the doors were closed and is here only now.</summary>
    private async Task ForAllAsync(Func<ConversationActor, Task> leave)
    {
        while (_activations.Count > 0)
        {
            await Task.WhenAll(_activations.All.Select(async activation =>
            {
                if (await IfAliveAsync(activation.Actor) is { } actor)
                {
                    await leave(actor);
                }

                await activation.Left;
            }));
        }
    }

    /// <summary>Whoever is here already is welcome while the silo is emptied: the newest client takes over, and is moved in its turn.</summary>
    private EdgeClose? Refusal(ConversationId conversation)
    {
        if (_stopping)
        {
            return EdgeClose.Restarting;
        }

        if (IsAccepting || _activations.Contains(conversation))
        {
            return null;
        }

        var close = Full;
        if (!_draining)
        {
            metrics.Count(IsFull ? "refusedFull" : "refusedMemory");
            close = IsFull ? Full : ShortOfMemory;
        }

        return settings.MayMove ? EdgeClose.Moving : close;
    }

    /// <summary>Looked at again with its place in the table taken: either this sees that the doors are closed, or who closes them sees the place.</summary>
    private Task<ConversationActor> ActivateAsync(AttachRequest request, SetupPlan setup) =>
        IsLeaving ? throw new DoorsClosedException() : activator.ActivateAsync(request, setup);

    private async Task<ConversationActor?> FindAsync(TenantId tenant, ConversationId conversation) =>
        _activations.TryFind(tenant, conversation, out var activation) ? await IfAliveAsync(activation) : null;

    /// <summary>An activation that failed has told the one who asked for it; for everybody else it never was.</summary>
    private static async Task<ConversationActor?> IfAliveAsync(Task<ConversationActor> activation)
    {
        try
        {
            return await activation;
        }
        catch (Exception failure) when (failure is IOException or ConversationNotFoundException or OwnershipLostException or JournalDamagedException or DoorsClosedException)
        {
            return null;
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "Conversation {Conversation} asks for {Model}, which is not in the catalog; it is treated like {Family}", EventName = "UnknownModel")]
    private partial void UnknownModel(ConversationId conversation, string model, string family);

    [LoggerMessage(4, LogLevel.Error, "The journal of {Conversation} is unavailable: {Message}", EventName = "StoreFailed")]
    private partial void StoreFailed(ConversationId conversation, string message);
}

/// <summary>The silo has begun to stop, or to be emptied, after it had let somebody in.</summary>
internal sealed class DoorsClosedException : Exception;

/// <summary>Name of this silo in claims.</summary>
public sealed record SiloIdentity(string Name);
