using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Attach;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>What an attach is answered when the cluster decides otherwise.</summary>
public sealed class ConversationHostTests
{
    private static readonly byte[] Setup = Encoding.UTF8.GetBytes("""{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"]}}}""");

    [Fact]
    public async Task Attach_OfAConversationThatIsClaimedElsewhereMeanwhile_IsSentOn()
    {
        await using var services = Services(new StolenStore(), mayMove: true);
        var refused = Assert.IsType<AttachOutcome.Refused>(await AttachAsync(services));
        Assert.Equal(EdgeClose.OwnerLost, refused.Close);
    }

    [Theory]
    [InlineData(true, 1012)]
    [InlineData(false, 1013)]
    public async Task Attach_ToASiloThatIsEmptied_IsRefused_OrSentToAnother(bool mayMove, int code)
    {
        await using var services = Services(new StolenStore(), mayMove);
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
        await using var services = Services(new BrokenStore(damaged), mayMove);
        Assert.Equal(code, Assert.IsType<AttachOutcome.Refused>(await AttachAsync(services)).Close.Code);
    }

    private static Task<AttachOutcome> AttachAsync(ServiceProvider services) => services.GetRequiredService<ConversationHost>().AttachAsync(
        new AttachRequest(new TenantId("acme"), new ConversationId(Guid.CreateVersion7()), Resume: false, Setup), new NoEdge(), CancellationToken.None);

    private static ServiceProvider Services(IConversationStore store, bool mayMove)
    {
        var upstream = new UpstreamOptions { Endpoints = [new UpstreamEndpointOptions { Name = "main", BaseUrl = "http://127.0.0.1:1", ApiKey = "k" }] };
        return new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton(TimeProvider.System)
            .AddSingleton(store)
            .AddGrains(upstream, new SiloIdentity("silo-1"), mayMove)
            .BuildServiceProvider();
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
        public virtual Task<Ownership> ClaimAsync(TenantId tenant, ConversationId conversation, string owner, bool mustExist, CancellationToken cancellation) =>
            Task.FromResult(new Ownership(tenant, conversation, owner, 1));

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
