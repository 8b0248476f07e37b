using System.Collections.Immutable;
using Gemini.Live.Setup;
using Microsoft.Extensions.Logging;
using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Orchestrator.Grains.Conversations;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Hosting;

/// <summary>Makes the actor of a conversation that is not in memory here: claims it, loads its journal or begins one.</summary>
/// <param name="published">Told of every fact once it is written.</param>
/// <param name="former">Asks an owner to let go first; null where there are no other silos.</param>
public sealed partial class ConversationActivator(
    IConversationStore store,
    EndpointOrder endpoints,
    EndpointBreakers breakers,
    ConversationSettings settings,
    SiloIdentity silo,
    TimeProvider clock,
    ILogger<ConversationHost> logger,
    GrainMetrics metrics,
    Action<Ownership, IReadOnlyList<JournalEntry>> published,
    IFormerOwner? former)
{
    /// <summary>Claims a conversation and makes its actor, from the journal if it has one.</summary>
    /// <exception cref="ConversationNotFoundException">There is none to resume, or not any more.</exception>
    /// <exception cref="OwnershipLostException">Somebody claimed it meanwhile.</exception>
    /// <exception cref="IOException">The store is unavailable.</exception>
    internal async Task<ConversationActor> ActivateAsync(AttachRequest request, SetupPlan setup)
    {
        if (request.Resume && former is not null)
        {
            await former.AskAsync(request, CancellationToken.None);
        }

        var ownership = await store.ClaimAsync(request.Tenant, request.Conversation, silo.Name, mustExist: request.Resume, CancellationToken.None);
        try
        {
            var loaded = await store.LoadAsync(request.Tenant, request.Conversation, CancellationToken.None);
            if (loaded.TornBytes > 0)
            {
                TornTail(request.Conversation, loaded.TornBytes);
                metrics.Count("tornTail");
            }

            // An attach whose answer was lost on its way may be repeated, elsewhere too: the conversation is there then.
            return request.Resume || loaded.Entries.Count > 0 ? Restore(ownership, loaded.Entries, Witness.Of(request.Memory)) : await CreateAsync(ownership, setup);
        }
        catch
        {
            await store.ReleaseAsync(ownership, CancellationToken.None);
            throw;
        }
    }

    private ConversationActor Restore(Ownership ownership, IReadOnlyList<JournalEntry> entries, ClientHas? has)
    {
        if (ConversationHistory.Opening(entries) is not var (opened, at)
            || entries.Any(e => e.Fact is ConversationEnded)
            || clock.GetUtcNow() - entries[^1].At > settings.ResumableFor)
        {
            throw new ConversationNotFoundException(ownership.Conversation);
        }

        var context = Context(ownership, SetupPlan.FromJournal(opened.Setup), endpoints.ForRestored(entries));
        var rules = ConversationRulesReader.Read(context.Setup, context.Endpoints, settings);
        return new ConversationActor(context, ConversationHistory.Restore(rules, entries, has), at);
    }

    /// <summary>The conversation exists once its opening is on disk: an id that a client has seen is never unknown.</summary>
    private async Task<ConversationActor> CreateAsync(Ownership ownership, SetupPlan setup)
    {
        var now = clock.GetUtcNow();
        var opened = new JournalEntry(1, now, new ConversationOpened(ownership.Tenant.Value, setup.Model, setup.Setup));
        await store.AppendAsync(ownership, [opened], Durability.Flushed, CancellationToken.None);
        published(ownership, [opened]);
        var context = Context(ownership, setup, endpoints.ForNew());
        var rules = ConversationRulesReader.Read(setup, context.Endpoints, settings);
        Opened(ownership.Conversation, ownership.Tenant, LogText.Printable(setup.Model));
        return new ConversationActor(context, new ConversationState { Rules = rules, Endpoint = rules.Endpoints[0], Journal = 1 }, now);
    }

    /// <summary>Ends a conversation that is not in memory.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation)
    {
        try
        {
            var ownership = await store.ClaimAsync(tenant, conversation, silo.Name, mustExist: true, cancellation);
            try
            {
                var entries = (await store.LoadAsync(tenant, conversation, cancellation)).Entries;
                if (!entries.Any(e => e.Fact is ConversationEnded))
                {
                    var ended = new JournalEntry(entries.Count + 1, clock.GetUtcNow(), new ConversationEnded(reason, "tenant"));
                    await store.AppendAsync(ownership, [ended], Durability.Flushed, cancellation);
                    published(ownership, [ended]);
                }

                return true;
            }
            finally
            {
                await store.ReleaseAsync(ownership, CancellationToken.None);
            }
        }
        catch (ConversationNotFoundException)
        {
            return false;
        }
    }

    private ConversationContext Context(Ownership ownership, SetupPlan setup, ImmutableArray<UpstreamEndpoint> order) =>
        new(ownership, setup, order, store, settings, clock, logger, metrics, published)
        {
            Upstream = new GuardedUpstream(breakers, new SocketUpstream(settings.Link, clock)),
        };

    [LoggerMessage(1, LogLevel.Information, "Conversation {Conversation} of {Tenant} opened with {Model}", EventName = "ConversationOpened")]
    private partial void Opened(ConversationId conversation, TenantId tenant, string model);

    [LoggerMessage(3, LogLevel.Warning, "The journal of {Conversation} ended in {Bytes} bytes of an unfinished write, which were cut off", EventName = "TornTail")]
    private partial void TornTail(ConversationId conversation, long bytes);
}
