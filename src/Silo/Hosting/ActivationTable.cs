using System.Collections.Concurrent;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>The conversations in memory here. At most one activation of an id runs at a time; one that fails leaves no trace.</summary>
internal sealed class ActivationTable
{
    private readonly ConcurrentDictionary<ConversationId, Activation> _activations = new();

    public IEnumerable<Task<ConversationActor?>> All => _activations.Select(a => FindAsync(a.Value.Tenant, a.Key));

    public int Count => _activations.Count;

    /// <summary>Those that are activated.</summary>
    public IEnumerable<ConversationActor> Running =>
        _activations.Values.Where(a => a.Actor.IsCompletedSuccessfully).Select(a => a.Actor.Result);

    public bool Contains(ConversationId conversation) => _activations.ContainsKey(conversation);

    /// <returns>The actor, which may be leaving; null when it is not here, or another tenant's.</returns>
    public async Task<ConversationActor?> FindAsync(TenantId tenant, ConversationId conversation) =>
        _activations.TryGetValue(conversation, out var activation) && activation.Tenant == tenant ? await activation.Actor : null;

    /// <summary>The actor that is here and not leaving, or a new one.</summary>
    /// <exception cref="Journal.ConversationNotFoundException">It is another tenant's.</exception>
    public async Task<ConversationActor> GetOrActivateAsync(
        TenantId tenant,
        ConversationId conversation,
        Func<Task<ConversationActor>> activate,
        CancellationToken cancellation)
    {
        while (true)
        {
            var created = new Activation(tenant);
            var activation = _activations.GetOrAdd(conversation, created);
            if (activation == created)
            {
                _ = RunAsync(conversation, created, activate);
            }

            if (activation.Tenant != tenant)
            {
                throw new Journal.ConversationNotFoundException(conversation);
            }

            var actor = await activation.Actor.WaitAsync(cancellation);
            if (!actor.Gone.IsCompleted)
            {
                return actor;
            }

            _activations.TryRemove(KeyValuePair.Create(conversation, activation));
        }
    }

    private async Task RunAsync(ConversationId conversation, Activation activation, Func<Task<ConversationActor>> activate)
    {
        try
        {
            var actor = await activate();
            activation.Ready.SetResult(actor);
            await actor.Gone;
            _activations.TryRemove(KeyValuePair.Create(conversation, activation));
        }
        catch (Exception failure)
        {
            // Removed first: whoever sees the failure may try again at once.
            _activations.TryRemove(KeyValuePair.Create(conversation, activation));
            activation.Ready.TrySetException(failure);
        }
    }

    /// <summary>A place in the table, taken before the work is begun.</summary>
    private sealed class Activation(TenantId tenant)
    {
        public TenantId Tenant => tenant;

        public TaskCompletionSource<ConversationActor> Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<ConversationActor> Actor => Ready.Task;
    }
}
