using Orchestrator.Journal;

namespace Orchestrator.Silo.Tests.Stores.Postgres;

/// <summary>The PostgreSQL store keeps the contract.</summary>
public sealed class PostgresStoreContractTests(OwnDatabase database) : ConversationStoreContract, IClassFixture<OwnDatabase>
{
    private PostgresPeer? peer;

    public override async ValueTask DisposeAsync() => await peer!.DisposeAsync();

    protected override async Task<IConversationStore> OpenAsync()
    {
        peer = await PostgresPeer.OpenAsync(database.ConnectionString);
        return peer.Store;
    }

    protected override async Task ReopenAsync()
    {
        await DisposeAsync();
        Store = await OpenAsync();
    }
}
