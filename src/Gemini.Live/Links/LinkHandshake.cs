using System.Net;
using System.Security.Cryptography;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Links;

/// <summary>
/// The upgrade (RFC 6455 §4.1) over .NET's HTTP client, which brings names, TLS and the proxies of the environment with it;
/// what follows is ours. No extensions, no subprotocol.
/// </summary>
internal static class LinkHandshake
{
    /// <returns>The upgraded connection, or the status with which the upgrade was refused.</returns>
    /// <exception cref="HttpRequestException">No connection came about, or the answer is none to an upgrade.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<(Stream? Connection, HttpStatusCode Status)> UpgradeAsync(
        Uri uri, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellation)
    {
        HandshakeStream? connection = null;
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false, // would carry the key to another address
            PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(connection = new HandshakeStream(context.PlaintextStream)),
        });
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Add("Connection", "Upgrade");
        Add("Upgrade", "websocket");
        Add("Sec-WebSocket-Version", "13");
        Add("Sec-WebSocket-Key", key);
        foreach (var (name, value) in headers)
        {
            Add(name, value);
        }

        var response = await http.SendAsync(request, cancellation);
        try
        {
            if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
            {
                response.Dispose();
                return (null, response.StatusCode);
            }

            Require("Connection", "Upgrade", StringComparison.OrdinalIgnoreCase);
            Require("Upgrade", "websocket", StringComparison.OrdinalIgnoreCase);
            Require("Sec-WebSocket-Accept", LiveServerSocket.AcceptKey(key), StringComparison.Ordinal);
            RequireNone("Sec-WebSocket-Extensions");
            RequireNone("Sec-WebSocket-Protocol");
            return (connection!.TakeOver(), response.StatusCode);
        }
        catch
        {
            response.Dispose();
            throw;
        }

        void Add(string name, string value) => request.Headers.TryAddWithoutValidation(name, value);

        void Require(string name, string value, StringComparison comparison)
        {
            if (!response.Headers.TryGetValues(name, out var values) || !values.Any(v => v.Equals(value, comparison)))
            {
                throw new HttpRequestException($"The upgrade was answered without a good {name}.");
            }
        }

        void RequireNone(string name)
        {
            if (response.Headers.Contains(name))
            {
                throw new HttpRequestException($"The upgrade was answered with {name}, which nobody asked for.");
            }
        }
    }
}
