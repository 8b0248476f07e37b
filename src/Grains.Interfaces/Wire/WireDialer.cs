using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Orchestrator.Wire;

/// <summary>Opens the transport towards a silo: TCP, and TLS where there are authorities to judge its certificate by.</summary>
internal sealed class WireDialer(ClusterTlsOptions tls)
{
    private readonly X509Certificate2Collection? _authorities = Authorities(tls.Authority);

    /// <summary>Neither proved nor listened to yet; the stream owns the socket.</summary>
    /// <exception cref="SocketException">There is nobody.</exception>
    /// <exception cref="IOException">The connection broke while it was being encrypted.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The certificate is not what it should be.</exception>
    public async Task<(Socket Socket, Stream Stream)> OpenAsync(string host, int port, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellation);
            var plain = new NetworkStream(socket, ownsSocket: true);
            if (_authorities is null)
            {
                return (socket, plain);
            }

            var encrypted = new SslStream(plain);
            await encrypted.AuthenticateAsClientAsync(Options(host, _authorities), cancellation);
            return (socket, encrypted);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private SslClientAuthenticationOptions Options(string host, X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return new SslClientAuthenticationOptions { TargetHost = tls.ServerName ?? host, CertificateChainPolicy = policy };
    }

    private static X509Certificate2Collection? Authorities(string? file)
    {
        if (file is null)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities;
    }
}
