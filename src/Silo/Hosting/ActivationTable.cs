using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>The conversations in memory here. At most one activation of an id runs at a time; one that fails leaves no trace.</summary>
internal sealed class ActivationTable
{
    private readonly ConcurrentDictionary<ConversationId, Activation> _activations = new();

    /// <summary>Those that are activated, and those that are being activated: the actor, and the moment when its place is free.</summary>
    public IEnumerable<(Task<ConversationActor> Actor, Task Left)> All => _activations.Values.Select(a => (a.Actor, a.Left));

    public int Count => _activations.Count;

    /// <summary>Those that are activated.</summary>
    public IEnumerable<ConversationActor> Running =>
        _activations.Values.Where(a => a.Actor.IsCompletedSuccessfully).Select(a => a.Actor.Result);

    public bool Contains(ConversationId conversation) => _activations.ContainsKey(conversation);

    /// <returns>False when it is not here, or another tenant's.</returns>
    /// <param name="actor">It may be leaving, and may never come to be.</param>
    public bool TryFind(TenantId tenant, ConversationId conversation, [NotNullWhen(true)] out Task<ConversationActor>? actor)
    {
        actor = _activations.TryGetValue(conversation, out var activation) && activation.Tenant == tenant ? activation.Actor : null;
        return actor is not null;
    }

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

        activation.Free();
    }

    /// <summary>A place in the table, taken before the work is begun.</summary>
    private sealed class Activation(TenantId tenant)
    {
        private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TenantId Tenant => tenant;

        public TaskCompletionSource<ConversationActor> Ready { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<ConversationActor> Actor => Ready.Task;

        /// <summary>Completes when nothing of it is here any more.</summary>
        public Task Left => _left.Task;

        public void Free() => _left.SetResult();
    }
}
