using Gemini.Live.Links;

namespace Orchestrator.Grains.Actor;

/// <summary>A socket that was dialled before it is needed: connected, upgraded, and without a setup.</summary>
internal sealed class DialAhead
{
    /// <summary>Upstream closes sockets that say nothing; older ones are not worth a try.</summary>
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock;
    private readonly long _since;
    private readonly CancellationTokenSource _givenUp = new();
    private readonly Task<LinkDial> _dial;

    private DialAhead(UpstreamEndpoint endpoint, LinkOptions options, TimeProvider clock)
    {
        Endpoint = endpoint.Name;
        _clock = clock;
        _since = clock.GetTimestamp();
        _dial = Task.Run(() => LiveLink.DialAsync(endpoint.Target, options, clock, _givenUp.Token));
    }

    public string Endpoint { get; }

    public bool IsGood => _clock.GetElapsedTime(_since) < GoodFor
        && (!_dial.IsCompleted || (_dial.IsCompletedSuccessfully && _dial.Result is LinkDial.Open));

    public static DialAhead Start(UpstreamEndpoint endpoint, LinkOptions options, TimeProvider clock) => new(endpoint, options, clock);

    /// <summary>Hands the socket over, or what went wrong.</summary>
    public Task<LinkDial> TakeAsync(CancellationToken cancellation) => _dial.WaitAsync(cancellation);

    /// <summary>Nobody will take it.</summary>
    public void Discard()
    {
        _givenUp.Cancel();
        _ = CloseAsync();
    }

    private async Task CloseAsync()
    {
        try
        {
            if (await _dial is LinkDial.Open open)
            {
                await open.Link.DisposeAsync();
            }
        }
        catch (OperationCanceledException) when (_givenUp.IsCancellationRequested)
        {
            // It was not there yet.
        }
    }
}
