using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>Whether the cluster knows the silo, as its probe says.</summary>
public sealed class SiloMembershipTests
{
    private readonly ManualTime _clock = new();
    private readonly Registry _registry = new();

    [Fact]
    public async Task Silo_IsAMember_FromItsFirstHeartbeatOn()
    {
        await using var services = HostFixture.Services(new NoStore(), mayMove: true);
        await using var membership = Membership(services);
        Assert.Contains("not joined", membership.WhyNotMember, StringComparison.Ordinal);
        await membership.JoinAsync(new Uri("tcp://127.0.0.1:1"), CancellationToken.None);
        Assert.Null(membership.WhyNotMember);
    }

    [Fact]
    public async Task RegistryThatDoesNotAnswer_IsNamed_UntilItDoes()
    {
        await using var services = HostFixture.Services(new NoStore(), mayMove: true);
        await using var membership = Membership(services);
        await membership.JoinAsync(new Uri("tcp://127.0.0.1:1"), CancellationToken.None);
        _registry.Away = true;
        for (var second = 1; second <= 4; second++)
        {
            await BeatAsync(second + 1);
            Assert.Null(membership.WhyNotMember);
        }

        await BeatAsync(6);
        Assert.Contains("lately", membership.WhyNotMember, StringComparison.Ordinal);
        _registry.Away = false;
        await BeatAsync(7);
        await Patience.Until(() => Task.FromResult(membership.WhyNotMember is null), "the registry's answer");
    }

    [Fact]
    public async Task SiloWhoseNameIsTaken_IsNone()
    {
        await using var services = HostFixture.Services(new NoStore(), mayMove: true);
        await using var membership = Membership(services);
        await membership.JoinAsync(new Uri("tcp://127.0.0.1:1"), CancellationToken.None);
        _registry.Standing = SiloStanding.Replaced;
        await BeatAsync(2);
        await Patience.For(membership.Replaced, "the news");
        Assert.Contains("another process", membership.WhyNotMember, StringComparison.Ordinal);
    }

    private async Task BeatAsync(int number)
    {
        await Patience.Until(() => Task.FromResult(_clock.Armed > 0), "the timer of the heartbeat");
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Patience.Until(() => Task.FromResult(_registry.Beats >= number), "a heartbeat");
    }

    private SiloMembership Membership(ServiceProvider services) => new(
        _registry, services.GetRequiredService<ConversationHost>(), new SiloIdentity("silo-1"), _clock, NullLogger<SiloMembership>.Instance);

    private sealed class Registry : ISiloRegistry
    {
        private int _beats;

        public bool Away { get; set; }

        public SiloStanding Standing { get; set; }

        public int Beats => Volatile.Read(ref _beats);

        public Task<long> RegisterAsync(string silo, Uri address, CancellationToken cancellation) => Task.FromResult(1L);

        public Task<HeartbeatAnswer> HeartbeatAsync(string silo, SiloLoad load, IReadOnlyCollection<Ownership> held, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _beats);
            return Away ? throw new IOException("The registry is away.") : Task.FromResult(new HeartbeatAnswer(Standing, DrainRequested: false, []));
        }

        public Task<IReadOnlyList<SiloRecord>> ListAliveAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<SiloRecord>>([]);

        public Task<bool> RequestDrainAsync(string silo, CancellationToken cancellation) => Task.FromResult(false);

        public Task LeaveAsync(string silo, CancellationToken cancellation) => Task.CompletedTask;
    }

    private sealed class NoStore : IConversationStore
    {
        public Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) => throw new NotSupportedException();

        public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation) => throw new NotSupportedException();

        public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
