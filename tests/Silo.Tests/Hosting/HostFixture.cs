using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>The grains of a process over a store of the test's; upstream cannot be reached.</summary>
internal static class HostFixture
{
    public static ServiceProvider Services(IConversationStore store, bool mayMove, IFormerOwner? former = null, MemoryGuard? memory = null, string silo = "silo-1")
    {
        var upstream = new UpstreamOptions { Endpoints = [new UpstreamEndpointOptions { Name = "main", BaseUrl = "http://127.0.0.1:1", ApiKey = "k" }] };
        var services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton(TimeProvider.System)
            .AddSingleton(store)
            .AddSingleton(memory ?? new MemoryGuard(() => 0, () => 0, TimeProvider.System))
            .AddGrains(upstream, new SiloIdentity(silo), mayMove);
        return (former is null ? services : services.AddSingleton(former)).BuildServiceProvider();
    }
}
