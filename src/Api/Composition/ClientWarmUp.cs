using System.Net;
using System.Security.Cryptography;
using Gemini.Live.Links;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Cluster;
using Orchestrator.Api.Live;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Journal;
using Orchestrator.Secrets;
using Orchestrator.Silo.Attach;
using Orchestrator.Silo.WarmUp;
using Orchestrator.Wire;

namespace Orchestrator.Api.Composition;

/// <summary>The warm-up of a process with clients: one of our own talks over a real socket, straight to the grains or by way of the internal link.</summary>
internal static class ClientWarmUp
{
    /// <summary>As an all-in-one serves it.</summary>
    public static async Task PlayAsync(CancellationToken cancellation)
    {
        await using var stage = new WarmUpStage();
        await ServeAsync(services => services.AddSingleton(stage.Host), cancellation);
    }

    /// <summary>As a front-end does.</summary>
    public static async Task PlayOverLinkAsync(CancellationToken cancellation)
    {
        await using var stage = new WarmUpStage();
        await using var metrics = new ServiceCollection().AddMetrics().AddSingleton<WireMetrics>().BuildServiceProvider();
        var link = new ClusterOptions { Secret = Secret(), Listen = "127.0.0.1:0" };
        await using var listener = SiloListener.Start(
            stage.Host,
            new SiloInstance(OneSilo.Name, OneSilo.Incarnation),
            link,
            metrics.GetRequiredService<WireMetrics>(),
            TimeProvider.System,
            NullLogger<SiloListener>.Instance);
        var silo = new OneSilo(new Uri($"tcp://{listener.EndPoint}"));
        await ServeAsync(
            services =>
            {
                services.AddSingleton<ISiloRegistry>(silo).AddSingleton<IOwnershipDirectory>(silo);
                services.AddSingleton(Options.Create(link));
                services.AddRouter();
            },
            cancellation);
    }

    private static async Task ServeAsync(Action<IServiceCollection> addHost, CancellationToken cancellation)
    {
        var key = Secret();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.WebHost.StayOnReceivingThread();
        builder.WebHost.BoundReceiveBuffers();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new TenantKeys([(WarmUpStage.Tenant, key)]));
        builder.Services.AddSingleton(new ResumptionTokens(KeyRing.Fleeting()));
        builder.Services.AddLiveEndpoint();
        addHost(builder.Services);
        await using var app = builder.Build();
        app.UseSingleLeadingSlash();
        app.UsePoolBesideLive();
        app.UseRouting();
        app.MapLive();
        await app.StartAsync(cancellation);
        await new Client().TalkAsync(new Uri(app.Urls.First()), key, cancellation);
        await app.StopAsync(cancellation);
    }

    private static string Secret() => RandomNumberGenerator.GetHexString(64);

    /// <summary>Signals are for the process that is being warmed up.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Client : ILinkReceiver
    {
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile int _replies;

        public async Task TalkAsync(Uri url, string key, CancellationToken cancellation)
        {
            if (await LiveLink.DialAsync(LinkTargets.Developer(url, "v1beta", key), new Gemini.Live.Links.LinkOptions(), TimeProvider.System, cancellation) is not LinkDial.Open { Link: { } link })
            {
                throw new IOException("The process does not answer itself.");
            }

            await using (link)
            {
                var ended = link.RunAsync(this);
                await link.SendAsync(WarmUpTalk.Setup);
                await _ready.Task.WaitAsync(cancellation);
                for (var i = 0; i < WarmUpTalk.Turns; i++)
                {
                    await WarmUpTalk.TurnAsync(voiced => link.SendAsync(voiced ? WarmUpTalk.Speech : WarmUpTalk.Silence), () => _replies, cancellation);
                }

                await link.CloseAsync(1000, "");
                await ended;
            }
        }

        public void OnFrame(ReadOnlyMemory<byte> frame)
        {
            if (frame.Span.IndexOf("\"setupComplete\""u8) >= 0)
            {
                _ready.TrySetResult();
            }
            else if (frame.Span.IndexOf("\"turnComplete\""u8) >= 0)
            {
                _replies++;
            }
        }
    }
}
