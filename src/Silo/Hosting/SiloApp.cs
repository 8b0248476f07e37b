using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Silo.Attach;
using Orchestrator.Silo.Stores.Postgres;
using Orchestrator.Silo.Telemetry;
using Orchestrator.Silo.WarmUp;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Hosting;

/// <summary>
/// A silo as a process of its own: conversations on PostgreSQL, reached by front-ends over the internal link. SIGTERM, or a
/// request through the registry, empties it first.
/// </summary>
public static class SiloApp
{
    /// <summary>Runs until the process is told to stop, or replaced.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            var builder = Host.CreateApplicationBuilder(args);
            await WarmUpRun.RunAsync(builder.Configuration, SiloWarmUp.PlayAsync);
            await RunSiloAsync(builder);
            return 0;
        }
        catch (Exception wrong) when (wrong is OptionsValidationException or IOException or InvalidDataException or InvalidOperationException or System.Net.Sockets.SocketException or PostgresStartException)
        {
            // A message that names the key or the place; a stack trace would only hide it.
            await Console.Error.WriteLineAsync($"The silo cannot run: {wrong.Message}");
            return 1;
        }
    }

    private static async Task RunSiloAsync(HostApplicationBuilder builder)
    {
        var upstream = UpstreamOptions.Read(builder.Configuration);
        if (upstream.Endpoints.Count == 0)
        {
            throw new OptionsValidationException(UpstreamOptions.Section, typeof(UpstreamOptions), [$"{UpstreamOptions.Section}:Endpoints must name at least one upstream; a silo has no simulator of its own."]);
        }

        using var telemetry = TelemetryExport.Start(builder.Configuration);
        await using var database = await PostgresDatabase.OpenAsync(PostgresOptions.Read(builder.Configuration), TimeProvider.System, CancellationToken.None);
        var keys = await database.LoadOrCreateKeysAsync(PostgresStore.KeyPurpose, CancellationToken.None);
        builder.Logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Logging.NeverWait();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddOptions<SiloOptions>().BindConfiguration(SiloOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<SiloOptions>, SiloOptionsValidator>();
        builder.Services.AddPostgresStore(database, keys);
        var identity = new SiloIdentity(builder.Configuration.GetSection(SiloOptions.Section)[nameof(SiloOptions.Name)] ?? Environment.MachineName);
        builder.Services.AddSingleton(identity);
        builder.Services.AddGrains(upstream, identity, mayMove: true);
        builder.Services.AddSiloAttach();
        builder.Services.AddSingleton<IFormerOwner>(s => ActivatorUtilities.CreateInstance<FormerOwner>(
            s, new SiloInstance(identity.Name, database.Incarnation), s.GetRequiredService<IOptions<ClusterOptions>>().Value));
        // Emptying the silo takes its own time, and ends by itself.
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromHours(2));
        using var app = builder.Build();
        await app.StartAsync();
        await ServeAsync(app, new SiloInstance(identity.Name, database.Incarnation));
        await app.StopAsync();
    }

    private static async Task ServeAsync(IHost app, SiloInstance silo)
    {
        var services = app.Services;
        var options = services.GetRequiredService<IOptions<SiloOptions>>().Value;
        var cluster = services.GetRequiredService<IOptions<ClusterOptions>>().Value;
        var conversations = services.GetRequiredService<ConversationHost>();
        var clock = services.GetRequiredService<TimeProvider>();
        await using var listener = SiloListener.Start(
            conversations,
            silo,
            cluster,
            services.GetRequiredService<WireMetrics>(),
            clock,
            services.GetRequiredService<ILogger<SiloListener>>());
        await using var membership = ActivatorUtilities.CreateInstance<SiloMembership>(services);
        await using var health = await SiloHealth.StartAsync(
            options.HealthListen,
            [
                new SiloCheck("database", services.GetRequiredService<PostgresStore>().ProbeAsync),
                new SiloCheck("registry", () => Task.FromResult(membership.WhyNotMember)),
                new SiloCheck("draining", () => Task.FromResult(conversations.IsLeaving ? "the silo is being emptied" : null)),
            ],
            clock,
            services.GetRequiredService<ILogger<SiloHealth>>());
        await membership.JoinAsync(Address(options, listener.EndPoint), CancellationToken.None);
        await using var isolation = new IsolationWatch(membership, conversations, options.IsolatedAfter, clock);
        Console.WriteLine($"Silo {silo.Name} answers probes at {health.Url}/health/ready");
        Console.WriteLine($"Silo {silo.Name} is ready at {listener.EndPoint}");

        using var sweeping = new CancellationTokenSource();
        var sweep = new AbandonedSweep(
            services.GetRequiredService<IOwnershipDirectory>(),
            services.GetRequiredService<IConversationStore>(),
            services.GetRequiredService<SiloIdentity>(),
            services.GetRequiredService<IOptions<ConversationOptions>>().Value.ResumableFor,
            clock,
            services.GetRequiredService<ILogger<AbandonedSweep>>());
        var swept = sweep.RunAsync(options.SweepEvery, sweeping.Token);
        var stopping = new TaskCompletionSource();
        await using var registered = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        await Task.WhenAny(stopping.Task, membership.Replaced, membership.DrainRequested);
        await sweeping.CancelAsync();
        await swept;
        if (!membership.Replaced.IsCompleted)
        {
            var drained = conversations.DrainAsync(options.DrainDeadline);
            await membership.TellAsync();
            await Task.WhenAny(drained, membership.Replaced);
        }
    }

    /// <exception cref="InvalidOperationException">It listens everywhere, and nobody said where it can be reached.</exception>
    private static Uri Address(SiloOptions options, IPEndPoint listening) =>
        options.Advertise is { } advertised ? new Uri($"tcp://{advertised}")
        : listening.Address.Equals(IPAddress.Any) || listening.Address.Equals(IPAddress.IPv6Any)
            ? throw new InvalidOperationException($"{ClusterOptions.Section}:Listen names every address; {SiloOptions.Section}:Advertise must say where front-ends reach this silo.")
            : new Uri($"tcp://{listening}");
}
