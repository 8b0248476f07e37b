using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Wire;

namespace Orchestrator.Api.Cluster;

/// <summary>
/// One client of this front-end, served by one silo after the other. While it has none, its input is kept and nothing is
/// told to it; only when none is found for too long it is closed, and may come back.
/// </summary>
internal sealed class RoutedClient
{
    private static readonly EdgeClose Unserved = new(1011, "No server could take the conversation; resume the session later.");
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(500);

    private readonly RouterServices _router;
    private readonly EdgeRelay _relay;
    private AttachRequest _request;
    private (RemoteHost Host, SiloInstance Silo)? _servedBy;
    private int _attempts;

    public RoutedClient(RouterServices router, AttachRequest request, IEdge edge)
    {
        (_router, _request) = (router, request with { Client = Guid.CreateVersion7(router.Clock.GetUtcNow()) });
        _relay = new EdgeRelay(edge, router.Options.EdgeLogBytes, router.Clock, reason => _ = Task.Run(() => GoOnAsync(reason)));
    }

    /// <summary>The client has come: finds a silo for it.</summary>
    public async Task<AttachOutcome> AttachAsync(CancellationToken cancellation) => await ServeAsync([], cancellation) switch
    {
        null => new AttachOutcome.Attached(_relay),
        { } refused => new AttachOutcome.Refused(refused),
    };

    /// <summary>The silo is lost, or sends the conversation away: another takes over.</summary>
    private async Task GoOnAsync(string reason)
    {
        var begun = _router.Clock.GetTimestamp();
        var moving = reason == EdgeClose.Moving.Reason;
        try
        {
            // A conversation that moves does not go back at once. Where only the connection was lost, the silo still has everything, and
            // is the recorded owner: nothing is cheaper than to go on there.
            var left = _servedBy;
            HashSet<SiloInstance> avoid = left is var (host, silo) && (moving || !await host.AnswersAsync()) ? [silo] : [];
            _request = _request with { Resume = true };
            using var turn = await _router.Takeovers.EnterAsync();
            if (await ServeAsync(avoid, CancellationToken.None) is { } close)
            {
                _router.Metrics.Closed();
                _relay.Close(close);
                _relay.Dispose();
            }
            else
            {
                _router.Metrics.Moved(moving ? MoveCause.Moved : _servedBy?.Silo == left?.Silo ? MoveCause.Reconnected : MoveCause.Lost, _router.Clock.GetElapsedTime(begun));
            }
        }
        catch (Exception bug)
        {
            _router.LogBroke(bug, _request.Conversation);
            _relay.Close(Unserved);
            _relay.Dispose();
        }
    }

    /// <returns>Null when a silo serves the client; otherwise what it is closed with.</returns>
    private async Task<EdgeClose?> ServeAsync(HashSet<SiloInstance> avoid, CancellationToken cancellation)
    {
        var begun = _router.Clock.GetTimestamp();
        var wait = FirstWait;
        while (!_relay.IsOver)
        {
            try
            {
                if (await _router.Placement.ChooseAsync(_request, avoid, cancellation) is var (host, silo))
                {
                    avoid.Add(silo);
                    var outcome = await host.AttachAsync(_request with { Attempt = ++_attempts, Memory = _relay.Remember() }, _relay.Next(), cancellation);
                    if (outcome is AttachOutcome.Attached)
                    {
                        _servedBy = (host, silo);
                        _ = _relay.ServeAsync();
                        return null;
                    }

                    if (outcome is AttachOutcome.Refused { Close: var close } && close != EdgeClose.Moving && close != EdgeClose.Restarting && close != EdgeClose.OwnerLost)
                    {
                        return close;
                    }

                    // Full, leaving, or claimed elsewhere meanwhile: the next one at once.
                    continue;
                }

                // All have been asked. The one that was lost may be back, or another may have room.
                avoid.Clear();
            }
            catch (SiloUnavailableException)
            {
                continue;
            }
            catch (IOException away)
            {
                _router.LogAway(_request.Conversation, away.Message);
            }

            if (_router.Clock.GetElapsedTime(begun) > _router.Options.Patience)
            {
                return Unserved;
            }

            await Task.Delay(wait, _router.Clock, cancellation);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }

        return Unserved;
    }
}
