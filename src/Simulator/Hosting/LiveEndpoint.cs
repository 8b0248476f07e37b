using System.Collections.Concurrent;
using Gemini.Live.Links;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.WebSockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Gemini.Live.Simulator.Hosting;

/// <summary>The WebSocket method of the Live API: upgrade, credentials, then the shell.</summary>
internal sealed class LiveEndpoint(SimulatorWorld world, TimeProvider clock)
{
    private readonly ConcurrentDictionary<LiveShell, byte> _shells = new();

    /// <summary>Tells every open connection that faults have changed.</summary>
    public void Rearm()
    {
        foreach (var shell in _shells.Keys)
            shell.Rearm();
    }

    /// <summary>The Developer API.</summary>
    public Task HandleAsync(HttpContext context, string apiVersion, bool constrained) =>
        HandleAsync(context, new ConnectRequest(apiVersion, constrained, Credential(context.Request)));

    /// <summary>Vertex: a bearer token, or a key in express mode.</summary>
    public Task HandleVertexAsync(HttpContext context, string apiVersion)
    {
        const string Scheme = "Bearer ";
        var authorization = context.Request.Headers.Authorization.ToString();
        var bearer = authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        var credential = bearer ? authorization[Scheme.Length..].Trim() : Credential(context.Request);
        return HandleAsync(context, new ConnectRequest(apiVersion, Constrained: false, credential) { Dialect = UpstreamDialect.Vertex, Bearer = bearer });
    }

    private async Task HandleAsync(HttpContext context, ConnectRequest request)
    {
        var key = context.Request.Headers.SecWebSocketKey.ToString();
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        if (upgrade is not { IsUpgradableRequest: true } || key.Length == 0)
        {
            await GoogleError.WriteAsync(context, 400, "INVALID_ARGUMENT", "Request is not a WebSocket upgrade.");
            return;
        }
        DialVerdict verdict;
        lock (world.Gate)
            verdict = world.Dial(request);
        var transport = context.Features.Get<IConnectionSocketFeature>()?.Socket;
        switch (verdict)
        {
            case DialVerdict.Refuse { Status: 401 }:
                await GoogleError.WriteAsync(context, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
                return;
            case DialVerdict.Refuse refuse:
                await GoogleError.WriteAsync(context, refuse.Status, "UNAVAILABLE", "The service is currently unavailable.");
                return;
            case DialVerdict.Reset:
                LiveShell.Reset(transport);
                context.Abort();
                return;
        }

        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = LiveServerSocket.AcceptKey(key);
        var stream = await upgrade.UpgradeAsync();
        await using var socket = new LiveServerSocket(stream, new ServerSocketOptions { MaxFrameBytes = 16 * 1024 * 1024, AutoPong = false, Clock = clock });
        using var shell = new LiveShell(world, ((DialVerdict.Accept)verdict).Connection, socket, transport, clock);
        _shells[shell] = 0;
        try
        {
            await shell.RunAsync(context.RequestAborted);
        }
        finally
        {
            _shells.TryRemove(shell, out _);
        }
    }

    /// <summary>Key or token, wherever the SDKs put it (dossier §1.2).</summary>
    internal static string? Credential(HttpRequest request)
    {
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith("Token ", StringComparison.OrdinalIgnoreCase))
            return authorization["Token ".Length..].Trim();
        foreach (var candidate in (ReadOnlySpan<string?>)[request.Query["access_token"], request.Query["key"], request.Headers["x-goog-api-key"]])
        {
            if (!string.IsNullOrEmpty(candidate))
                return candidate;
        }
        return null;
    }
}
