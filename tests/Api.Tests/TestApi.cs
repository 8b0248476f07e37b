using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Rest;
using Orchestrator.Attach;
using Orchestrator.Journal;
using Orchestrator.Reading;
using Orchestrator.Silo.Reading;
using Orchestrator.Silo.Stores;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests;

/// <summary>The REST API on a real socket over a real store, with two tenants: <c>acme</c> (two keys) and <c>other</c>.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    public const string AcmeKey = "acme-key-4711";
    public const string AcmeSecondKey = "acme-key-4712";
    public const string OtherKey = "other-key-0815";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    public static readonly TenantId Acme = new("acme");
    public static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly TempDirectory root = new();
    private readonly DataDirectory directory;
    private readonly WebApplication app;
    private readonly HashSet<ConversationId> active = [];

    private TestApi(TimeProvider time, bool withTenants)
    {
        directory = DataDirectory.Open(root.Path);
        Store = new EmbeddedStore(directory);
        Host = new FakeHost(this);
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(withTenants
            ? new Dictionary<string, string?>
            {
                ["Orchestrator:Tenants:0:Id"] = "acme",
                ["Orchestrator:Tenants:0:ApiKeys:0"] = AcmeKey,
                ["Orchestrator:Tenants:0:ApiKeys:1"] = AcmeSecondKey,
                ["Orchestrator:Tenants:1:Id"] = "other",
                ["Orchestrator:Tenants:1:ApiKeys:0"] = OtherKey,
            }
            : []);
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
        builder.Logging.AddFilter(null, LogLevel.Trace);
        builder.Services.AddTenantAuth(builder.Configuration, root.Path);
        builder.Services.AddSingleton<IConversationReader>(new ConversationReader(Store, Feed, (_, id) => ValueTask.FromResult(active.Contains(id))));
        builder.Services.AddSingleton<IConversationHost>(Host);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(new ReadinessCheck("store", _ => Store.ProbeAsync()));
        builder.Services.AddSingleton(new ReadinessCheck("host", _ => Task.FromResult(Host.NotAccepting)));
        app = builder.Build();
        app.MapConversations();
        app.MapHealth();
        app.MapModels();
    }

    public EmbeddedStore Store { get; }

    public JournalFeed Feed { get; } = new();

    public FakeHost Host { get; }

    public CapturedLogs Logs { get; } = new();

    public string Root => root.Path;

    public Uri Address { get; private set; } = null!;

    /// <summary>Presents acme's key.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>Presents nothing.</summary>
    public HttpClient Anonymous { get; private set; } = null!;

    public T Service<T>()
        where T : notnull => app.Services.GetRequiredService<T>();

    public static async Task<TestApi> StartAsync(TimeProvider? time = null, bool withTenants = true)
    {
        var api = new TestApi(time ?? TimeProvider.System, withTenants);
        await api.app.StartAsync();
        api.Address = new Uri(api.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        api.Anonymous = new HttpClient { BaseAddress = api.Address, Timeout = Patience };
        api.Client = new HttpClient { BaseAddress = api.Address, Timeout = Patience };
        api.Client.DefaultRequestHeaders.Add("x-goog-api-key", AcmeKey);
        return api;
    }

    /// <summary>A conversation of these facts, still owned.</summary>
    public async Task<Ownership> ConversationAsync(params ConversationFact[] facts)
    {
        var mine = await Store.ClaimAsync(Acme, new ConversationId(Guid.CreateVersion7()), "silo-1", mustExist: false, default);
        await AppendAsync(mine, 1, facts);
        return mine;
    }

    public async Task AppendAsync(Ownership mine, long first, params ConversationFact[] facts)
    {
        JournalEntry[] entries = [.. facts.Select((fact, i) => new JournalEntry(first + i, Noon.AddSeconds(first + i), fact))];
        await Store.AppendAsync(mine, entries, Durability.Written, default);
        Feed.Published(mine.Tenant, mine.Conversation, entries);
    }

    public void SetLive(ConversationId conversation) => active.Add(conversation);

    public static HttpRequestMessage Get(string url, string? accept = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (accept is not null)
        {
            request.Headers.Accept.ParseAdd(accept);
        }

        return request;
    }

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Anonymous.Dispose();
        Client.Dispose();
        await app.DisposeAsync();
        await Store.DisposeAsync();
        directory.Dispose();
        root.Dispose();
    }

    /// <summary>Ends conversations as the grain would.</summary>
    internal sealed class FakeHost(TestApi api) : IConversationHost
    {
        public string? NotAccepting { get; set; }

        public Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation) => throw new UnreachableException();

        public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation)
        {
            try
            {
                var mine = await api.Store.ClaimAsync(tenant, conversation, "end", mustExist: true, cancellation);
                var last = (await api.Store.LoadAsync(tenant, conversation, cancellation)).Entries.Count;
                await api.AppendAsync(mine, last + 1, new ConversationEnded(reason, "tenant"));
                return true;
            }
            catch (ConversationNotFoundException)
            {
                return false;
            }
        }
    }
}

/// <summary>Every log message at every level, with its scopes' and parameters' texts.</summary>
internal sealed class CapturedLogs : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<string> lines = new();
    private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

    public IReadOnlyCollection<string> Lines => lines;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

    public void Dispose()
    {
    }

    private sealed class Logger(CapturedLogs owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => owner.scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var parameters = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', pairs.Select(p => $"{p.Key}={p.Value}")) : "";
            var scope = "";
            owner.scopes.ForEachScope((s, _) => scope += s + (s is IEnumerable<KeyValuePair<string, object?>> p ? string.Join(' ', p) : ""), 0);
            owner.lines.Enqueue($"{logLevel} {category} {eventId.Name}: {formatter(state, exception)} | {parameters} | {scope} | {exception}");
        }
    }
}
