using Orchestrator.Journal;
using Orchestrator.Silo.Stores;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Stores;

/// <summary>The embedded store keeps the contract.</summary>
public sealed class EmbeddedStoreContractTests : ConversationStoreContract
{
    private readonly TempDirectory temp = new();
    private DataDirectory? directory;

    public override async ValueTask DisposeAsync()
    {
        await CloseAsync();
        temp.Dispose();
    }

    protected override Task<IConversationStore> OpenAsync()
    {
        directory = DataDirectory.Open(temp.Path);
        return Task.FromResult<IConversationStore>(new EmbeddedStore(directory));
    }

    protected override async Task ReopenAsync()
    {
        await CloseAsync();
        Store = await OpenAsync();
    }

    private async Task CloseAsync()
    {
        await ((EmbeddedStore)Store).DisposeAsync();
        directory!.Dispose();
    }
}
