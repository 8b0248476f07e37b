using Gemini.Live.Links;

namespace Orchestrator.Grains.Actor;

/// <summary>Dials with sockets; keeps at most one that was dialled ahead, and for no longer than its time.</summary>
internal sealed class SocketUpstream(LinkOptions options, TimeProvider clock) : IUpstream
{
    private DialAhead? _ahead;

    public void Prepare(UpstreamEndpoint endpoint)
    {
        if (_ahead is { IsGood: true } ahead && ahead.Endpoint == endpoint.Name)
        {
            return;
        }

        _ahead?.Discard();
        _ahead = DialAhead.Start(endpoint, options, clock);
    }

    public IUpstreamLink Open(int link, UpstreamEndpoint endpoint, byte[] setup, IUpstreamReceiver receiver)
    {
        var ahead = _ahead;
        _ahead = null;
        if (ahead is not null && !(ahead.IsGood && ahead.Endpoint == endpoint.Name))
        {
            ahead.Discard();
            ahead = null;
        }

        return LinkRunner.Start(link, endpoint.Target, options, setup, clock, receiver, ahead);
    }

    public void Close()
    {
        _ahead?.Discard();
        _ahead = null;
    }
}
