using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>Opens connections to silos: the transport here, the rest in the connection itself.</summary>
internal static class SiloDialer
{
    /// <summary>A connection whose silo has proved itself.</summary>
    /// <exception cref="SiloUnavailableException">There is none to be had.</exception>
    public static async Task<SiloConnection> DialAsync(SiloLink link, SiloAddress address)
    {
        using var timeout = new CancellationTokenSource(link.Options.ConnectTimeout, link.Clock);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SiloConnection? connection = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, timeout.Token);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (link.Tls(address.Host) is { } tls)
            {
                var encrypted = new SslStream(stream);
                stream = encrypted;
                await encrypted.AuthenticateAsClientAsync(tls, timeout.Token);
            }

            connection = new SiloConnection(link, address, new WireConnection(stream, socket, link.Options.Bounds(), link.Clock));
            await connection.OpenAsync(timeout.Token);
            return connection;
        }
        catch (Exception failure) when (failure is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            connection?.End(new WireFault(WireFaultCode.Timeout, "The silo did not answer in time."));
            if (connection is null)
            {
                socket.Dispose();
            }

            throw failure as SiloUnavailableException
                ?? new SiloUnavailableException(failure is OperationCanceledException ? $"The silo at {address} did not answer in time." : $"The silo at {address}: {failure.Message}", failure);
        }
    }
}
