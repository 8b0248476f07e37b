using Gemini.Live.Simulator;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Live;
using Orchestrator.Api.Rest;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Stores;
using Orchestrator.Silo.Telemetry;
using Orchestrator.Silo.WarmUp;

namespace Orchestrator.Api.Composition;

/// <summary>
/// Front-end, silo, store and, without an upstream, the simulator in one process: what a developer starts, and the only
/// place that knows all of them.
/// </summary>
internal sealed class AllInOneApp : IAsyncDisposable
{
    internal const string DefaultUrl = "http://127.0.0.1:8080";
    private const string DataDirectoryKey = "Orchestrator:DataDirectory";

    private readonly WebApplication _app;
    private readonly DataDirectory _data;
    private readonly UpstreamChoice _upstream;
    private readonly TelemetryExport? _telemetry;

    private AllInOneApp(WebApplication app, DataDirectory data, UpstreamChoice upstream, TelemetryExport? telemetry)
    {
        _app = app;
        _data = data;
        _upstream = upstream;
        _telemetry = telemetry;
    }

    /// <summary>Where it listens, the port resolved.</summary>
    public string Url => _app.Urls.First();

    /// <summary>The built-in simulator, when it is the upstream.</summary>
    public SimulatorHost? Simulator => _upstream.Simulator;

    public IServiceProvider Services => _app.Services;

    /// <summary>Runs until the process is told to stop.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string[] args, IConfiguration configuration)
    {
        try
        {
            await WarmUpRun.RunAsync(configuration, ClientWarmUp.PlayAsync);
            await using var app = await StartAsync(args);
            app.Announce();
            await app._app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception wrong) when (wrong is DataDirectoryException or OptionsValidationException or IOException or InvalidDataException)
        {
            // A message that names the key or the place; a stack trace would only hide it.
            await Console.Error.WriteLineAsync($"Orchestrator cannot start: {wrong.Message}");
            return 1;
        }
    }

    /// <summary>Accepts connections when the task completes.</summary>
    public static async Task<AllInOneApp> StartAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        DataDirectory? data = null;
        UpstreamChoice? upstream = null;
        TelemetryExport? telemetry = null;
        WebApplication? app = null;
        try
        {
            data = DataDirectory.Open(builder.Configuration[DataDirectoryKey] is { Length: > 0 } path ? path : "data");
            upstream = await UpstreamChoice.MakeAsync(builder.Configuration, CancellationToken.None);
            telemetry = TelemetryExport.Start(builder.Configuration);
            app = Build(builder, data, upstream);
            await app.StartAsync();
            return new AllInOneApp(app, data, upstream, telemetry);
        }
        catch
        {
            await DisposeAsync(app, telemetry, upstream, data);
            throw;
        }
    }

    /// <summary>Conversations are put away first, so that their clients are told and their words are written.</summary>
    public async ValueTask DisposeAsync()
    {
        await Services.GetRequiredService<ConversationHost>().StopAsync();
        await DisposeAsync(_app, _telemetry, _upstream, _data);
    }

    private static async Task DisposeAsync(WebApplication? app, TelemetryExport? telemetry, UpstreamChoice? upstream, DataDirectory? data)
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        telemetry?.Dispose();
        if (upstream is not null)
        {
            await upstream.DisposeAsync();
        }

        data?.Dispose();
    }

    private static WebApplication Build(WebApplicationBuilder builder, DataDirectory data, UpstreamChoice upstream)
    {
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        builder.WebHost.StayOnReceivingThread();
        builder.WebHost.BoundReceiveBuffers();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        builder.Logging.NeverWait();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddEmbeddedSilo(data, upstream.Options);
        builder.Services.AddSingleton(s => new ReadinessCheck("store", _ => s.GetRequiredService<EmbeddedStore>().ProbeAsync()));
        builder.Services.AddSingleton(s => new ReadinessCheck("host", _ => Task.FromResult(
            s.GetRequiredService<ConversationHost>().IsAccepting ? null : "the process is stopping")));
        builder.Services.AddTenantAuth(builder.Configuration, data.Root);
        builder.Services.AddLiveEndpoint();
        var app = builder.Build();
        app.UseSingleLeadingSlash();
        app.UsePoolBesideLive();
        app.UseRouting();
        app.MapLive();
        app.MapConversations();
        app.MapHealth();
        app.MapModels();
        app.Lifetime.ApplicationStopping.Register(() => _ = app.Services.GetRequiredService<ConversationHost>().StopAsync());
        return app;
    }

    /// <summary>What a newcomer needs, in a few lines. Scripts wait for the word <c>ready</c> and the URL.</summary>
    private void Announce()
    {
        var development = Services.GetRequiredService<IOptions<TenantsOptions>>().Value.Tenants.Count == 0;
        var key = development ? DevelopmentKey.LoadOrCreate(_data.Root) : "$KEY";
        Console.WriteLine($"Orchestrator is ready at {Url}");
        Console.WriteLine($"  upstream  {_upstream.Description}");
        Console.WriteLine($"  data      {_data.Root}");
        Console.WriteLine(development
            ? $"  key       {key} (tenant {DevelopmentKey.Tenant}, kept in {Path.Combine(_data.Root, "development-key")})"
            : "  keys      of the configured tenants");
        Console.WriteLine($"  talk      cd samples/talk-js && npm ci && node talk.mjs --url {Url} --key {key} hello.wav");
        Console.WriteLine($"  read      curl -H 'x-goog-api-key: {key}' {Url}/v1/conversations");
    }
}
