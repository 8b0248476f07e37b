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
        SiloConnection? connection = null;
        try
        {
            var (socket, stream) = await link.Dialer.OpenAsync(address.Host, address.Port, timeout.Token);
            connection = new SiloConnection(link, address, new WireConnection(stream, socket, link.Options.Bounds(), link.Clock));
            await connection.OpenAsync(timeout.Token);
            return connection;
        }
        catch (Exception failure) when (failure is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            connection?.End(new WireFault(WireFaultCode.Timeout, "The silo did not answer in time."));
            throw failure as SiloUnavailableException
                ?? new SiloUnavailableException(failure is OperationCanceledException ? $"The silo at {address} did not answer in time." : $"The silo at {address}: {failure.Message}", failure);
        }
    }
}
