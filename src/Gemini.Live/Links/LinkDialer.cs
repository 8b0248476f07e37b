using System.Net.WebSockets;

namespace Gemini.Live.Links;

/// <summary>Dials with <see cref="ClientWebSocket"/> and says what went wrong as data.</summary>
internal static class LinkDialer
{
    public static async Task<LinkDial> DialAsync(LinkTarget target, LinkOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;

        // Google's pongs take 8–30 s (dossier §1.4): a keep-alive of ours would end healthy calls.
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        socket.Options.KeepAliveTimeout = Timeout.InfiniteTimeSpan;
        foreach (var (name, value) in target.Headers)
        {
            socket.Options.SetRequestHeader(name, value);
        }

        if (target.Credential is { } credential)
        {
            try
            {
                var (name, value) = credential();
                socket.Options.SetRequestHeader(name, value);
            }
            catch (IOException missing)
            {
                socket.Dispose();
                return new LinkDial.Failed(new LinkLoss(LinkLossKind.DialFailed, null, missing.Message));
            }
        }

        using var timeout = new CancellationTokenSource(options.DialTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await socket.ConnectAsync(target.Uri, either.Token);
            return new LinkDial.Open(new LiveLink(socket, options, clock));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            socket.Dispose();
            throw;
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or IOException or InvalidOperationException)
        {
            var status = (int)socket.HttpStatusCode;
            socket.Dispose();
            return new LinkDial.Failed(
                status is not 0 and not 101
                    ? new LinkLoss(LinkLossKind.DialRefused, null, $"The upgrade was answered with HTTP {status}.", status)
                    : new LinkLoss(
                        LinkLossKind.DialFailed,
                        null,
                        timeout.IsCancellationRequested
                            ? $"No answer within {options.DialTimeout.TotalSeconds:0.###} s."
                            : failure.GetBaseException().Message));
        }
    }
}
