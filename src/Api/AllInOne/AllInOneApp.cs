using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Live;
using Orchestrator.Api.Rest;
using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Reading;
using Orchestrator.Silo.Hosting;
using Orchestrator.Silo.Reading;
using Orchestrator.Silo.Stores;

namespace Orchestrator.Api.AllInOne;

/// <summary>
/// Front-end, silo, store and, without an upstream, the simulator in one process: what a developer starts, and the only
/// place that knows all of them.
/// </summary>
internal static class AllInOneApp
{
    private const string DefaultUrl = "http://127.0.0.1:8080";
    private const string DataDirectoryKey = "Orchestrator:DataDirectory";

    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            var builder = WebApplication.CreateBuilder(args);
            using var data = DataDirectory.Open(builder.Configuration[DataDirectoryKey] is { Length: > 0 } path ? path : "data");
            var upstreamOptions = builder.Configuration.GetSection(UpstreamOptions.Section).Get<UpstreamOptions>() ?? new UpstreamOptions();
            if (new UpstreamOptionsValidator().Validate(name: null, upstreamOptions) is { Failed: true } invalid)
            {
                throw new OptionsValidationException(UpstreamOptions.Section, typeof(UpstreamOptions), invalid.Failures);
            }

            await using var upstream = await UpstreamChoice.MakeAsync(upstreamOptions, builder.Configuration, CancellationToken.None);
            await using var app = Build(builder, data, upstream);
            await app.StartAsync();
            Announce(app, data, upstream);
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (Exception wrong) when (wrong is DataDirectoryException or OptionsValidationException or IOException)
        {
            // A message that names the key or the place; a stack trace would only hide it.
            await Console.Error.WriteLineAsync($"Orchestrator cannot start: {wrong.Message}");
            return 1;
        }
    }

    private static WebApplication Build(WebApplicationBuilder builder, DataDirectory data, UpstreamChoice upstream)
    {
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        // Request lines carry keys in their queries: only warnings of the framework are logged (P7).
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting", LogLevel.Warning);
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IConversationStore>(new EmbeddedStore(data));
        services.AddSingleton(upstream.Endpoint);
        services.AddSingleton(new ConversationSettings());
        services.AddSingleton(new SiloIdentity($"{Environment.MachineName}:{Environment.ProcessId}"));
        services.AddSingleton<GrainMetrics>();
        services.AddSingleton<JournalFeed>();
        services.AddSingleton<Action<Ownership, IReadOnlyList<JournalEntry>>>(s =>
        {
            var feed = s.GetRequiredService<JournalFeed>();
            return (ownership, entries) => feed.Published(ownership.Tenant, ownership.Conversation, entries);
        });
        services.AddSingleton<ConversationHost>();
        services.AddSingleton<IConversationHost>(s => s.GetRequiredService<ConversationHost>());
        services.AddSingleton<IConversationReader>(s => new ConversationReader(
            s.GetRequiredService<IConversationStore>(),
            s.GetRequiredService<JournalFeed>(),
            s.GetRequiredService<ConversationHost>().IsActive));
        services.AddSingleton(s => Check("host", () => s.GetRequiredService<ConversationHost>().IsAccepting ? null : "the process is stopping"));
        services.AddTenantAuth(builder.Configuration, data.Root);
        services.AddLiveEndpoint();
        var app = builder.Build();
        app.UseSingleLeadingSlash();
        app.UseRouting();
        app.MapLive();
        app.MapConversations();
        app.MapHealth();
        app.MapModels();
        app.Lifetime.ApplicationStopping.Register(() => _ = app.Services.GetRequiredService<ConversationHost>().StopAsync());
        return app;
    }

    private static ReadinessCheck Check(string name, Func<string?> whyNot) => new(name, _ => Task.FromResult(whyNot()));

    /// <summary>What a newcomer needs, in a few lines. Scripts wait for the word <c>ready</c> and the URL.</summary>
    private static void Announce(WebApplication app, DataDirectory data, UpstreamChoice upstream)
    {
        var url = app.Urls.First();
        var development = app.Services.GetRequiredService<IOptions<TenantsOptions>>().Value.Tenants.Count == 0;
        var key = development ? DevelopmentKey.LoadOrCreate(data.Root) : "$KEY";
        Console.WriteLine($"Orchestrator is ready at {url}");
        Console.WriteLine($"  upstream  {upstream.Description}");
        Console.WriteLine($"  data      {data.Root}");
        Console.WriteLine(development
            ? $"  key       {key} (tenant {DevelopmentKey.Tenant}, kept in {Path.Combine(data.Root, "development-key")})"
            : "  keys      of the configured tenants");
        Console.WriteLine($"  talk      cd samples/talk-js && npm ci && node talk.mjs --url {url} --key {key} hello.wav");
        Console.WriteLine($"  read      curl -H 'x-goog-api-key: {key}' {url}/v1/conversations");
    }
}
