using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Cluster;
using Orchestrator.Api.Live;
using Orchestrator.Api.Rest;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Reading;
using Orchestrator.Silo.Attach;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Reading;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Silo.Telemetry;
using Orchestrator.Silo.WarmUp;
using Orchestrator.Wire;

namespace Orchestrator.Api.Composition;

/// <summary>
/// A front-end of a cluster: clients and REST here, conversations on the silos, everything durable in PostgreSQL. What the
/// process is when <c>Orchestrator:Cluster:Secret</c> is set.
/// </summary>
internal static class FrontEndApp
{
    /// <summary>True when the configuration asks for a front-end instead of an all-in-one.</summary>
    public static bool IsWanted(IConfiguration configuration) =>
        !string.IsNullOrEmpty(configuration.GetSection(ClusterOptions.Section)[nameof(ClusterOptions.Secret)]);

    /// <summary>Runs until the process is told to stop.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(WebApplicationBuilder builder)
    {
        try
        {
            await WarmUpRun.RunAsync(builder.Configuration, ClientWarmUp.PlayOverLinkAsync);
            await using var database = await PostgresDatabase.OpenAsync(PostgresOptions.Read(builder.Configuration), TimeProvider.System, CancellationToken.None);
            using var telemetry = TelemetryExport.Start(builder.Configuration);
            await using var app = await BuildAsync(builder, database);
            await app.StartAsync();
            Console.WriteLine($"Front-end is ready at {app.Urls.First()}");
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception wrong) when (wrong is OptionsValidationException or IOException or InvalidDataException or PostgresStartException)
        {
            // A message that names the key or the place; a stack trace would only hide it.
            await Console.Error.WriteLineAsync($"The front-end cannot start: {wrong.Message}");
            return 1;
        }
    }

    private static async Task<WebApplication> BuildAsync(WebApplicationBuilder builder, PostgresDatabase database)
    {
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        {
            builder.WebHost.UseUrls(AllInOneApp.DefaultUrl);
        }

        builder.WebHost.StayOnReceivingThread();
        builder.WebHost.BoundReceiveBuffers();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Logging.NeverWait();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddPostgresStore(database, await database.LoadOrCreateKeysAsync(PostgresStore.KeyPurpose, CancellationToken.None));
        builder.Services.AddSingleton<JournalFeed>();
        builder.Services.AddSingleton<IConversationReader>(s => new ConversationReader(
            s.GetRequiredService<IConversationStore>(),
            s.GetRequiredService<JournalFeed>(),
            async (tenant, conversation) => await s.GetRequiredService<IOwnershipDirectory>().FindOwnerAsync(tenant, conversation, CancellationToken.None) is { IsAlive: true },
            poll: TimeSpan.FromSeconds(1)));
        builder.Services.AddSingleton(s => new ReadinessCheck("silos", async _ => await WhyNoSiloAsync(s.GetRequiredService<ISiloRegistry>())));
        builder.Services.AddClusterAuth(builder.Configuration, await database.LoadOrCreateKeysAsync(ResumptionTokens.KeyPurpose, CancellationToken.None));
        builder.Services.AddOptions<HostOptions>().Configure<IOptions<LiveOptions>>((host, options) =>
            host.ShutdownTimeout = options.Value.DrainNotice + options.Value.DrainDeadline + TimeSpan.FromSeconds(10));
        builder.Services.AddClusterOptions();
        builder.Services.AddRouter();
        builder.Services.AddLiveEndpoint();
        var app = builder.Build();
        app.UseSingleLeadingSlash();
        app.UsePoolBesideLive();
        app.UseRouting();
        app.MapLive();
        app.MapConversations();
        app.MapHealth();
        app.MapModels();
        app.MapSilos(builder.Configuration[SiloEndpoints.AdminKey]);
        var live = app.Services.GetRequiredService<IOptions<LiveOptions>>().Value;
        app.Lifetime.ApplicationStopping.Register(() => _ = app.Services.GetRequiredService<LiveEdges>().DrainAsync(live.DrainNotice, live.DrainDeadline));
        return app;
    }

    private static async Task<string?> WhyNoSiloAsync(ISiloRegistry registry)
    {
        try
        {
            return (await registry.ListAliveAsync(CancellationToken.None)).Any(silo => silo.Load.Accepting) ? null : "no silo accepts conversations";
        }
        catch (IOException away)
        {
            return away.Message;
        }
    }
}
