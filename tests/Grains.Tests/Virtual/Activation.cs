using Orchestrator.Grains.Actor;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// One silo's hold on the conversation. Once the silo is dead, nothing that its actor still does has any effect, and nothing
/// that happens reaches it.
/// </summary>
internal sealed class Activation(VirtualUpstream upstream, VirtualJournal journal) : IUpstream
{
    private readonly List<VirtualLink> _links = [];

    public bool IsDead { get; private set; }

    public IFactJournal OpenJournal(Action<IReadOnlyList<JournalEntry>> durable, Action ownershipLost) =>
        new Mortal(this, journal.Open(batch => Unless(() => durable(batch)), ownershipLost, () => IsDead));

    public void Die(SiloEnd how)
    {
        IsDead = true;
        journal.Forget();
        foreach (var link in _links)
        {
            link.Abandon(closed: how == SiloEnd.Killed);
        }

        upstream.Close();
    }

    public void Prepare(UpstreamEndpoint endpoint) => Unless(() => upstream.Prepare(endpoint));

    public IUpstreamLink Open(int link, UpstreamEndpoint endpoint, byte[] setup, IUpstreamReceiver receiver)
    {
        if (IsDead)
        {
            return new Nothing();
        }

        _links.Add((VirtualLink)upstream.Open(link, endpoint, setup, receiver));
        return _links[^1];
    }

    public void Close() => Unless(upstream.Close);

    private void Unless(Action action)
    {
        if (!IsDead)
        {
            action();
        }
    }

    private sealed class Mortal(Activation activation, IFactJournal journal) : IFactJournal
    {
        public void Append(JournalEntry entry, Durability durability) => activation.Unless(() => journal.Append(entry, durability));

        public Task FinishAsync(TimeSpan patience) => activation.IsDead ? Task.CompletedTask : journal.FinishAsync(patience);
    }

    private sealed class Nothing : IUpstreamLink
    {
        public ValueTask SendAsync(ReadOnlySpan<byte> frame) => ValueTask.CompletedTask;

        public void Close()
        {
        }
    }
}
