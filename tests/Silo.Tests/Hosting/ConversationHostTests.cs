using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Attach;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Stores;
using Orchestrator.Silo.Tests.Stores.Postgres;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>What an attach is answered when the cluster decides otherwise.</summary>
public sealed class ConversationHostTests
{
    private static readonly byte[] Setup = Encoding.UTF8.GetBytes("""{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"]}}}""");

    [Fact]
    public async Task Attach_OfAConversationThatIsClaimedElsewhereMeanwhile_IsSentOn()
    {
        await using var services = HostFixture.Services(new StolenStore(), mayMove: true);
        var refused = Assert.IsType<AttachOutcome.Refused>(await AttachAsync(services));
        Assert.Equal(EdgeClose.OwnerLost, refused.Close);
    }

    [Theory]
    [InlineData(true, 1012)]
    [InlineData(false, 1013)]
    public async Task Attach_ToASiloThatIsEmptied_IsRefused_OrSentToAnother(bool mayMove, int code)
    {
        await using var services = HostFixture.Services(new StolenStore(), mayMove);
        var host = services.GetRequiredService<ConversationHost>();
        Assert.True(host.IsAccepting);
        await host.DrainAsync(TimeSpan.Zero);
        Assert.False(host.IsAccepting);
        Assert.Equal(code, Assert.IsType<AttachOutcome.Refused>(await AttachAsync(services)).Close.Code);
    }

    [Theory]
    [InlineData(true, false, 1012)]
    [InlineData(false, false, 1011)]
    [InlineData(true, true, 1011)]
    public async Task Attach_WithoutTheStore_IsSentToAnotherSilo_IfThatCanHelp(bool mayMove, bool damaged, int code)
    {
        await using var services = HostFixture.Services(new BrokenStore(damaged), mayMove);
        Assert.Equal(code, Assert.IsType<AttachOutcome.Refused>(await AttachAsync(services)).Close.Code);
    }

    /// <summary>It was let in, and its place in the table is taken, but nobody can be told to leave yet.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Conversation_ThatIsBeingActivatedWhenTheSiloIsEmptied_LeavesToo(bool atOnce)
    {
        using var folder = new TempDirectory();
        using var data = DataDirectory.Open(folder.Path);
        var store = new SlowStore(new EmbeddedStore(data));
        await using var services = HostFixture.Services(store, mayMove: true);
        var host = services.GetRequiredService<ConversationHost>();
        var edge = new ListedEdge();
        var attaching = AttachAsync(services, edge: edge);
        await Patience.For(store.Claiming.Task, "the claim");
        var draining = host.DrainAsync(atOnce ? TimeSpan.Zero : TimeSpan.FromHours(1));
        Assert.False(draining.IsCompleted);
        store.MayClaim.SetResult();
        var outcome = await Patience.For(attaching, "the answer to the attach");
        await Patience.For(draining, "the end of the drain");
        Assert.Equal(0, host.Count);
        // Attached first and moved then, or sent on: either way it goes on elsewhere.
        Assert.Contains(EdgeClose.Moving, outcome is AttachOutcome.Refused refused ? [refused.Close] : edge.Closes);
    }

    [Fact]
    public async Task Release_LetsGoOnlyWhatIsMeant_AndWritesItDown()
    {
        using var folder = new TempDirectory();
        using var data = DataDirectory.Open(folder.Path);
        var store = new EmbeddedStore(data);
        await using var services = HostFixture.Services(store, mayMove: true);
        var host = services.GetRequiredService<ConversationHost>();
        var edge = new ListedEdge();
        var conversation = new ConversationId(Guid.CreateVersion7());
        Assert.IsType<AttachOutcome.Attached>(await AttachAsync(services, conversation, edge: edge));
        var epoch = Assert.Single(host.Held).Epoch;
        Assert.False(await ReleaseAsync(new TenantId("acme"), epoch + 1));
        Assert.False(await ReleaseAsync(new TenantId("other"), epoch));
        Assert.Equal(1, host.Count);

        Assert.True(await ReleaseAsync(new TenantId("acme"), epoch));
        Assert.Equal(EdgeClose.Moving, Assert.Single(edge.Closes));
        var facts = (await store.LoadAsync(new TenantId("acme"), conversation, CancellationToken.None)).Entries.Select(e => e.Fact).ToList();
        Assert.Equal("takeover", Assert.Single(facts.OfType<ConversationMoved>()).Why);
        Assert.False(await ReleaseAsync(new TenantId("acme"), epoch));

        Task<bool> ReleaseAsync(TenantId tenant, long of) =>
            Patience.For(host.ReleaseAsync(new ReleaseRequest(tenant, conversation, of, ClientRemembers: true), CancellationToken.None), "the release");
    }

    [Fact]
    public async Task FormerOwner_IsAskedBeforeTheClaim_ByWhoeverResumes()
    {
        var former = new AskedOwner();
        await using var services = HostFixture.Services(new StolenStore { Claimed = former.Claim }, mayMove: true, former);
        await AttachAsync(services);
        Assert.Equal(["claimed"], former.Happened);
        await AttachAsync(services, resume: true);
        Assert.Equal(["claimed", "asked", "claimed"], former.Happened);
    }

    [Theory]
    [InlineData(true, 1012)]
    [InlineData(false, 1013)]
    public async Task Attach_ToASiloThatIsShortOfMemory_IsRefused_OrSentToAnother_AndCounted(bool mayMove, int code)
    {
        var used = 99L;
        var clock = new ManualTime();
        await using var services = HostFixture.Services(new StolenStore(), mayMove, memory: new MemoryGuard(() => used, () => 100, clock));
        using var counted = new CountedMetrics();
        counted.Listen(services.GetRequiredService<IMeterFactory>());
        var host = services.GetRequiredService<ConversationHost>();
        Assert.True(host.IsAccepting);
        used = 100;
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(host.IsAccepting);
        var close = Assert.IsType<AttachOutcome.Refused>(await AttachAsync(services)).Close;
        Assert.Equal((code, !mayMove), (close.Code, close.Reason.Contains("memory", StringComparison.Ordinal)));
        Assert.Equal(1, counted.Sum("orchestrator.conversation.events", "what=refusedMemory"));

        used = 0;
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(EdgeClose.OwnerLost, Assert.IsType<AttachOutcome.Refused>(await AttachAsync(services)).Close);
    }

    private static Task<AttachOutcome> AttachAsync(ServiceProvider services, ConversationId? conversation = null, IEdge? edge = null, bool resume = false) =>
        services.GetRequiredService<ConversationHost>().AttachAsync(
            new AttachRequest(new TenantId("acme"), conversation ?? new ConversationId(Guid.CreateVersion7()), resume, Setup), edge ?? new NoEdge(), CancellationToken.None);

    private sealed class AskedOwner : IFormerOwner
    {
        public List<string> Happened { get; } = [];

        public void Claim() => Happened.Add("claimed");

        public Task AskAsync(AttachRequest request, CancellationToken cancellation)
        {
            Happened.Add("asked");
            return Task.CompletedTask;
        }
    }

    private sealed class ListedEdge : IEdge
    {
        public List<EdgeClose> Closes { get; } = [];

        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
        }

        public void Deliver(in OutputFrame frame)
        {
        }

        public void Durable(long inputSeq)
        {
        }

        public void Close(EdgeClose close) => Closes.Add(close);
    }

    /// <summary>Claims when the test says so.</summary>
    private sealed class SlowStore(IConversationStore inner) : IConversationStore
    {
        public TaskCompletionSource Claiming { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource MayClaim { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation)
        {
            Claiming.SetResult();
            await MayClaim.Task;
            return await inner.ClaimAsync(tenant, conversation, owner, mustExist, cancellation);
        }

        public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) => inner.LoadAsync(tenant, conversation, cancellation);

        public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation) =>
            inner.AppendAsync(ownership, entries, durability, cancellation);

        public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => inner.ReleaseAsync(ownership, cancellation);

        public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) => inner.ListAsync(tenant, before, limit, cancellation);
    }

    private sealed class NoEdge : IEdge
    {
        public void Opened(IAttachment attachment, bool awaitsSetup) => Assert.Fail("Nobody was to be attached.");

        public void Deliver(in OutputFrame frame) => Assert.Fail("Nobody was to be attached.");

        public void Durable(long inputSeq) => Assert.Fail("Nobody was to be attached.");

        public void Close(EdgeClose close) => Assert.Fail("Nobody was to be attached.");
    }

    /// <summary>Somebody else claims every conversation right behind its owner.</summary>
    private class StolenStore : IConversationStore
    {
        public Action Claimed { get; init; } = () => { };

        public virtual Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation)
        {
            Claimed();
            return Task.FromResult(new Ownership(tenant, conversation, owner, 1));
        }

        public Task<LoadedJournal> LoadAsync(TenantId tenant, ConversationId conversation, CancellationToken cancellation) => Task.FromResult(new LoadedJournal([], 0));

        public Task AppendAsync(Ownership ownership, IReadOnlyList<JournalEntry> entries, Durability durability, CancellationToken cancellation) =>
            throw new OwnershipLostException(ownership.Conversation, ownership.Epoch);

        public Task ReleaseAsync(Ownership ownership, CancellationToken cancellation) => Task.CompletedTask;

        public Task<IReadOnlyList<ConversationId>> ListAsync(TenantId tenant, ConversationId? before, int limit, CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<ConversationId>>([]);
    }

    /// <summary>The database is away, or has lost something.</summary>
    private sealed class BrokenStore(bool damaged) : StolenStore
    {
        public override Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation) =>
            Task.FromException<Ownership>(damaged ? new JournalDamagedException("Facts are missing.") : new IOException("Nobody answers."));
    }
}
