using Gemini.Live.Simulator.Hosting;
using Gemini.Live.Simulator.Sessions;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Gemini.Live.Simulator;

/// <summary>A running simulator. Disposing it stops the server and cuts what is still connected.</summary>
public sealed class SimulatorHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SimulatorHost(WebApplication app, SimulatorWorld world)
    {
        _app = app;
        World = world;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        BaseUrl = new Uri(addresses.First());
    }

    /// <summary>Where it listens, the port resolved: what a client's SDK takes for its base URL.</summary>
    public Uri BaseUrl { get; }

    /// <summary>The inside, for tests in the same process; hold its gate.</summary>
    public SimulatorWorld World { get; }

    /// <summary>Listens on <paramref name="url"/> (port 0 picks one) and accepts connections when the task completes.</summary>
    public static Task<SimulatorHost> StartAsync(SimulatorOptions options, string url, CancellationToken cancellation = default) =>
        StartAsync(options, url, TimeProvider.System, cancellation);

    /// <summary>The same on another clock.</summary>
    public static async Task<SimulatorHost> StartAsync(SimulatorOptions options, string url, TimeProvider clock, CancellationToken cancellation = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        builder.Services.AddRoutingCore();
        return await StartAsync(builder, options, clock, cancellation);
    }

    internal static async Task<SimulatorHost> StartAsync(WebApplicationBuilder builder, SimulatorOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        // Live sockets do not end by themselves; whoever stops the simulator means now.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var world = new SimulatorWorld(options);
        var app = builder.Build();
        SimulatorRoutes.Map(app, world, clock);
        await app.StartAsync(cancellation);
        return new SimulatorHost(app, world);
    }

    /// <summary>Completes when the process is told to stop.</summary>
    public Task WaitForShutdownAsync() => _app.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
