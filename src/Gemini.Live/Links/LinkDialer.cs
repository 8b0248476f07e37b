namespace Gemini.Live.Links;

/// <summary>Dials, and says what went wrong as data.</summary>
internal static class LinkDialer
{
    public static async Task<LinkDial> DialAsync(LinkTarget target, LinkOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        IEnumerable<KeyValuePair<string, string>> headers = target.Headers;
        if (target.Credential is { } credential)
        {
            try
            {
                headers = headers.Append(credential());
            }
            catch (IOException missing)
            {
                return new LinkDial.Failed(new LinkLoss(LinkLossKind.DialFailed, null, missing.Message));
            }
        }

        using var timeout = new CancellationTokenSource(options.DialTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            var (connection, status) = await LinkHandshake.UpgradeAsync(target.Uri, headers, either.Token);
            return connection is not null
                ? new LinkDial.Open(new LiveLink(connection, options, clock))
                : new LinkDial.Failed(new LinkLoss(LinkLossKind.DialRefused, null, $"The upgrade was answered with HTTP {(int)status}.", (int)status));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or IOException or InvalidOperationException)
        {
            return new LinkDial.Failed(new LinkLoss(
                LinkLossKind.DialFailed,
                null,
                timeout.IsCancellationRequested ? $"No answer within {options.DialTimeout.TotalSeconds:0.###} s." : failure.GetBaseException().Message));
        }
    }
}
