using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Attach;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Stores;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>
/// An attach that was thought to be lost activates a conversation behind its client's back. When the client comes there at last,
/// it has heard more than that activation was told of.
/// </summary>
public sealed class OutdatedActivationTests : IAsyncDisposable
{
    private static readonly byte[] Setup = Encoding.UTF8.GetBytes("""{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"responseModalities":["AUDIO"]}}}""");
    private static readonly Guid Client = Guid.CreateVersion7();

    private readonly Orchestrator.Testing.TempDirectory _directory = new();
    private readonly DataDirectory _data;
    private readonly EmbeddedStore _store;
    private readonly ServiceProvider _old;
    private readonly ServiceProvider _new;
    private readonly ConversationId _conversation = new(Guid.CreateVersion7());

    public OutdatedActivationTests()
    {
        _data = DataDirectory.Open(_directory.Path);
        _store = new EmbeddedStore(_data);
        (_old, _new) = (Services(), Services());
    }

    [Fact]
    public async Task Client_ThatHeardMoreElsewhere_IsServedByAnActivationThatKnows()
    {
        var served = await AttachAsync(_old, attempt: 1, memory: null);
        var lost = await AttachAsync(_new, attempt: 2, Heard(10, served.Epoch));
        Assert.Equal(served.Epoch + 1, lost.Epoch);

        // The old owner served it meanwhile.
        var back = await AttachAsync(_new, attempt: 4, Heard(14, served.Epoch));
        Assert.Equal(lost.Epoch + 1, back.Epoch);
        Assert.True(back.NextOutput > 14, $"Output {back.NextOutput} would come twice.");
    }

    [Fact]
    public async Task Client_ThatHeardNothingSince_IsServedByTheSameActivation()
    {
        var served = await AttachAsync(_old, attempt: 1, memory: null);
        var lost = await AttachAsync(_new, attempt: 2, Heard(10, served.Epoch));
        Assert.Equal(lost.Epoch, (await AttachAsync(_new, attempt: 3, Heard(10, served.Epoch))).Epoch);
    }

    [Fact]
    public async Task Client_ThatWasServedByThatActivation_GoesOnThere()
    {
        var served = await AttachAsync(_old, attempt: 1, memory: null);
        var taken = await AttachAsync(_new, attempt: 2, Heard(10, served.Epoch));
        Assert.Equal(taken.Epoch, (await AttachAsync(_new, attempt: 3, Heard(12, taken.Epoch))).Epoch);
    }

    public async ValueTask DisposeAsync()
    {
        await _new.GetRequiredService<ConversationHost>().StopAsync();
        await _old.GetRequiredService<ConversationHost>().StopAsync();
        await _new.DisposeAsync();
        await _old.DisposeAsync();
        await _store.DisposeAsync();
        _data.Dispose();
        _directory.Dispose();
    }

    private static EdgeMemory Heard(long output, long epoch) => new() { SettledInput = 0, LastOutput = output, LastTurnEnd = 0, Epoch = epoch };

    private async Task<IAttachment> AttachAsync(ServiceProvider silo, int attempt, EdgeMemory? memory)
    {
        var request = new AttachRequest(new TenantId("acme"), _conversation, Resume: memory is not null, Setup) { Client = Client, Attempt = attempt, Memory = memory };
        var outcome = await Patience.For(silo.GetRequiredService<ConversationHost>().AttachAsync(request, new SilentEdge(), CancellationToken.None), "an attach");
        return Assert.IsType<AttachOutcome.Attached>(outcome).Attachment;
    }

    private ServiceProvider Services()
    {
        var upstream = new UpstreamOptions { Endpoints = [new UpstreamEndpointOptions { Name = "main", BaseUrl = "http://127.0.0.1:1", ApiKey = "k" }] };
        return new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IConversationStore>(_store)
            .AddGrains(upstream, new SiloIdentity("silo"), mayMove: true)
            .BuildServiceProvider();
    }

    private sealed class SilentEdge : IEdge
    {
        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
        }

        public void Deliver(in OutputFrame frame)
        {
        }

        public void Durable(long inputSeq)
        {
        }

        public void Close(EdgeClose close)
        {
        }
    }
}
