using Npgsql;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Silo.Stores.Postgres;
using static Orchestrator.Silo.Tests.Facts;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>Silos know one another by rows, and a heartbeat tells a silo what it has lost.</summary>
public sealed class PostgresRegistryTests(OwnDatabase database) : IClassFixture<OwnDatabase>, IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TenantId Tenant = new("acme");
    private static readonly SiloLoad Load = new(17, 300_000_000, Accepting: true);

    private readonly string name = $"silo-{Guid.NewGuid():N}";
    private PostgresPeer first = null!;
    private PostgresPeer second = null!;

    public async ValueTask InitializeAsync()
    {
        first = await PostgresPeer.OpenAsync(database.ConnectionString);
        second = await PostgresPeer.OpenAsync(database.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await first.DisposeAsync();
        await second.DisposeAsync();
    }

    [Fact]
    public async Task Silo_ThatRegistersAndBeats_IsListedWithItsLoad()
    {
        var incarnation = await first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1:11111"), None);
        Assert.Equal(first.Database.Incarnation, incarnation);
        Assert.Equal(new SiloLoad(0, 0, Accepting: false), (await FindAsync())!.Load);

        var answer = await first.Registry.HeartbeatAsync(name, Load, [], None);
        Assert.Equal((SiloStanding.Current, false), (answer.Standing, answer.DrainRequested));
        var listed = (await FindAsync())!;
        Assert.Equal((name, incarnation, new Uri("http://10.0.0.1:11111/"), Load), (listed.Silo, listed.Incarnation, listed.Address, listed.Load));
        Assert.InRange(listed.Age, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Silo_WhoseHeartbeatsEnd_IsNotListed_AndIsBackWithTheNextOne()
    {
        await first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1"), None);
        await AgeAsync(TimeSpan.FromSeconds(6));
        Assert.Null(await FindAsync());

        Assert.Equal(SiloStanding.Current, (await first.Registry.HeartbeatAsync(name, Load, [], None)).Standing);
        Assert.NotNull(await FindAsync());
    }

    [Fact]
    public async Task Process_ThatIsReplacedUnderItsName_HearsSo_AndCannotComeBack()
    {
        await first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1"), None);
        await second.Registry.RegisterAsync(name, new Uri("http://10.0.0.2"), None);

        Assert.Equal(SiloStanding.Replaced, (await first.Registry.HeartbeatAsync(name, Load, [], None)).Standing);
        await Assert.ThrowsAsync<InvalidOperationException>(() => first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1"), None));
        await first.Registry.LeaveAsync(name, None);

        var listed = (await FindAsync())!;
        Assert.Equal((second.Database.Incarnation, new Uri("http://10.0.0.2"), new SiloLoad(0, 0, Accepting: false)), (listed.Incarnation, listed.Address, listed.Load));
    }

    [Fact]
    public async Task Silo_ThatLeft_IsNotListed_AndItsHeartbeatSaysSo()
    {
        await first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1"), None);
        await first.Registry.LeaveAsync(name, None);
        await first.Registry.LeaveAsync(name, None);
        Assert.Null(await FindAsync());
        Assert.Equal(SiloStanding.Replaced, (await first.Registry.HeartbeatAsync(name, Load, [], None)).Standing);
    }

    [Fact]
    public async Task DrainRequest_ReachesTheSilo_AndNotItsSuccessor()
    {
        Assert.False(await second.Registry.RequestDrainAsync(name, None));
        await first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1"), None);
        Assert.True(await second.Registry.RequestDrainAsync(name, None));

        Assert.True((await first.Registry.HeartbeatAsync(name, Load, [], None)).DrainRequested);
        Assert.True((await first.Registry.HeartbeatAsync(name, Load with { Accepting = false }, [], None)).DrainRequested);
        Assert.True((await FindAsync())!.DrainRequested);
        await second.Registry.RegisterAsync(name, new Uri("http://10.0.0.2"), None);
        Assert.False((await second.Registry.HeartbeatAsync(name, Load, [], None)).DrainRequested);
    }

    [Fact]
    public async Task Heartbeat_NamesWhatIsNoLongerOwned()
    {
        await first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1"), None);
        var kept = await ClaimAsync(first);
        var taken = await ClaimAsync(first);
        await second.Store.ClaimAsync(Tenant, taken.Conversation, "other", mustExist: true, None);
        var reclaimed = await ClaimAsync(first);
        var newer = await first.Store.ClaimAsync(Tenant, reclaimed.Conversation, name, mustExist: true, None);
        var released = await ClaimAsync(first);
        await first.Store.ReleaseAsync(released, None);
        var deleted = kept with { Conversation = NewId() };

        var answer = await first.Registry.HeartbeatAsync(name, Load, [kept, taken, newer, released, deleted], None);
        Assert.Equal([taken, released, deleted], answer.Lost);
        Assert.Equal([reclaimed], (await first.Registry.HeartbeatAsync(name, Load, [reclaimed], None)).Lost);
    }

    [Fact]
    public async Task Owner_IsFoundWithItsAddress_AsLongAsItOwns()
    {
        await first.Registry.RegisterAsync(name, new Uri("http://10.0.0.1"), None);
        var mine = await ClaimAsync(first);
        Assert.Equal(
            new ConversationOwner(name, first.Database.Incarnation, mine.Epoch, new Uri("http://10.0.0.1"), IsAlive: true),
            await second.Directory.FindOwnerAsync(Tenant, mine.Conversation, None));

        await AgeAsync(TimeSpan.FromSeconds(6));
        Assert.False((await second.Directory.FindOwnerAsync(Tenant, mine.Conversation, None))!.IsAlive);

        // The name lives again, in another process: that is not the owner.
        await second.Registry.RegisterAsync(name, new Uri("http://10.0.0.2"), None);
        var gone = (await second.Directory.FindOwnerAsync(Tenant, mine.Conversation, None))!;
        Assert.Equal((false, null), (gone.IsAlive, gone.Address));

        await first.Store.ReleaseAsync(mine, None);
        Assert.Null(await second.Directory.FindOwnerAsync(Tenant, mine.Conversation, None));
        Assert.Null(await second.Directory.FindOwnerAsync(new TenantId("other"), mine.Conversation, None));
        Assert.Null(await second.Directory.FindOwnerAsync(new TenantId("../x"), mine.Conversation, None));
        Assert.Null(await second.Directory.FindOwnerAsync(Tenant, NewId(), None));
    }

    private Task<Ownership> ClaimAsync(PostgresPeer silo) => silo.Store.ClaimAsync(Tenant, NewId(), name, mustExist: false, None);

    private async Task<SiloRecord?> FindAsync() => (await second.Registry.ListAliveAsync(None)).SingleOrDefault(s => s.Silo == name);

    private async Task AgeAsync(TimeSpan age)
    {
        await using var command = first.Database.Source.CreateCommand("update orchestrator.silos set heartbeat_at = now() - $1 where id = $2");
        command.Parameters.Add(new NpgsqlParameter { Value = age });
        command.Parameters.Add(new NpgsqlParameter { Value = name });
        await command.ExecuteNonQueryAsync();
    }
}
