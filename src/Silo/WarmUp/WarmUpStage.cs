using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Attach;
using Orchestrator.Journal;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Silo.WarmUp;

/// <summary>A small silo beside the real one, with defaults for settings, which logs nothing and keeps nothing: grains, journals in memory, an upstream.</summary>
public sealed class WarmUpStage : IAsyncDisposable
{
    private readonly WarmUpUpstream _upstream = new();
    private readonly ServiceProvider _services;
    private readonly ConversationHost _host;

    public WarmUpStage()
    {
        var upstream = new UpstreamOptions { Endpoints = [new UpstreamEndpointOptions { Name = "warm-up", BaseUrl = _upstream.Url }] };
        _services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IConversationStore>(new WarmUpStore())
            .AddGrains(upstream, new SiloIdentity("warm-up"), mayMove: true)
            .BuildServiceProvider();
        _host = _services.GetRequiredService<ConversationHost>();
    }

    /// <summary>Whose conversations they are.</summary>
    public static TenantId Tenant { get; } = new("warm-up");

    /// <summary>Where to attach.</summary>
    public IConversationHost Host => _host;

    /// <summary>Conversations are put away first: the upstream cuts whatever is left.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await _services.DisposeAsync();
        await _upstream.DisposeAsync();
    }
}
