using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>
/// Where front-ends reach this silo's conversations: plain sockets, because a frame must be received, stepped and sent on
/// by one thread, and there is no request to parse. Disposing it says goodbye to every front-end.
/// </summary>
public sealed class SiloListener : IAsyncDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly SiloEnd _silo;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly SslServerAuthenticationOptions? _tls;
    private readonly ConcurrentDictionary<EdgeConnection, Task> _connections = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _open;

    private SiloListener(SiloEnd silo)
    {
        _silo = silo;
        _tls = Certificate(silo.Options.Tls);
        _socket.Bind(IPEndPoint.Parse(silo.Options.Listen));
        _socket.Listen(512);
        EndPoint = Plain((IPEndPoint)_socket.LocalEndPoint!);
        silo.LogListening(silo.Instance.Name, EndPoint, _tls is not null);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens, the port resolved.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Validated ones.</param>
    /// <exception cref="SocketException">The address is taken, or not ours.</exception>
    public static SiloListener Start(
        IConversationHost host, SiloInstance instance, ClusterOptions options, WireMetrics metrics, TimeProvider clock, ILogger<SiloListener> logger) =>
        new(new SiloEnd(host, instance, options, metrics, clock, logger));

    /// <summary>Tells every front-end that this silo stops. Conversations are to be put away or moved before.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _socket.Dispose();
        await _accepting;
        var running = _connections.ToArray();
        foreach (var (connection, _) in running)
        {
            connection.End(new WireFault(WireFaultCode.Stopping, "The silo stops."));
        }

        await Task.WhenAll(running.Select(c => c.Value));
    }

    /// <summary>An IPv4 address as what it is: the socket takes both kinds, and calls it an IPv6 one.</summary>
    private static IPEndPoint Plain(IPEndPoint bound) =>
        bound.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(bound.Address.MapToIPv4(), bound.Port) : bound;

    private static SslServerAuthenticationOptions? Certificate(ClusterTlsOptions tls)
    {
        if (tls.Certificate is null)
        {
            return null;
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(tls.Certificate);
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(tls.Certificate, tls.Key), chain, offline: true),
        };
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(_stopping.Token);
                _ = Task.Run(() => ServeAsync(socket));
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure)
            {
                // Out of descriptors, most likely: those that are served go on, and some will end.
                _silo.LogAcceptFailed(failure.Message);
                await Task.Delay(AcceptPause, _silo.Clock, CancellationToken.None);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var remote = Remote(socket);
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        EdgeConnection? connection = null;
        var open = Interlocked.Increment(ref _open);
        try
        {
            socket.NoDelay = true;
            if (await OpenAsync(socket, remote) is not { } stream)
            {
                return;
            }

            await using var wire = new WireConnection(stream, socket, _silo.Options.Bounds(), _silo.Clock);
            connection = new EdgeConnection(_silo, wire, remote);
            _connections[connection] = over.Task;
            if (_stopping.IsCancellationRequested)
            {
                connection.End(new WireFault(WireFaultCode.Stopping, "The silo stops."));
            }
            else if (open > _silo.Options.MaxConnections)
            {
                connection.End(new WireFault(WireFaultCode.TooMany, $"The silo serves {_silo.Options.MaxConnections} connections already."));
            }

            await connection.RunAsync();
        }
        catch (Exception bug)
        {
            _silo.LogEnd(remote, wasProved: false, new WireFault(WireFaultCode.Internal, bug.Message), bug);
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _open);
            if (connection is not null)
            {
                _connections.TryRemove(connection, out _);
            }

            over.SetResult();
        }
    }

    private async Task<Stream?> OpenAsync(Socket socket, string remote)
    {
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (_tls is null)
        {
            return plain;
        }

        var encrypted = new SslStream(plain);
        using var timeout = new CancellationTokenSource(_silo.Options.ConnectTimeout, _silo.Clock);
        try
        {
            await encrypted.AuthenticateAsServerAsync(_tls, timeout.Token);
            return encrypted;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException or OperationCanceledException)
        {
            await encrypted.DisposeAsync();
            var end = new WireFault(WireFaultCode.NetworkLost, $"TLS failed: {failure.Message}");
            _silo.Metrics.Ended(WireSide.Silo, end, wasProved: false);
            _silo.LogEnd(remote, wasProved: false, end, bug: null);
            return null;
        }
    }

    private static string Remote(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint?.ToString() ?? "unknown";
        }
        catch (SocketException)
        {
            return "unknown";
        }
    }
}
