using Gemini.Live.Closes;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Gemini.Live.Setup;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>Stands on both sides of a link and tells its endpoint's circuit breaker what becomes of it.</summary>
internal sealed class GuardedLink(EndpointBreaker breaker, EndpointAttempt attempt, byte[] setup, IUpstreamReceiver receiver) : IUpstreamLink, IUpstreamReceiver
{
    private readonly bool _resumes = UpstreamSetup.PresentsHandle(setup);
    private IUpstreamLink _link = null!;
    private bool _ready;

    public GuardedLink Start(Func<IUpstreamReceiver, IUpstreamLink> open)
    {
        _link = open(this);
        return this;
    }

    public ValueTask SendAsync(ReadOnlySpan<byte> frame) => _link.SendAsync(frame);

    public void Close()
    {
        // After setupComplete, or after its end, the attempt is over and this changes nothing.
        attempt.Abandoned();
        _link.Close();
    }

    public void LinkReceived(int link, ReadOnlyMemory<byte> frame)
    {
        if (!_ready && FrameScanner.TryScanServer(frame.Span, out var scan, out _) && scan.Has(ServerParts.SetupComplete))
        {
            _ready = true;
            attempt.Opened();
        }

        receiver.LinkReceived(link, frame);
    }

    public void LinkClosed(int link, LinkLoss loss)
    {
        Judge(loss);
        receiver.LinkClosed(link, loss);
    }

    private void Judge(LinkLoss loss)
    {
        var cause = CloseTaxonomy.Classify(new LinkEnding(loss, Phase(loss))
        {
            PresentedHandle = _resumes,
            // Nobody here knows, and a resume that came too early says nothing about the endpoint.
            OldSocketMayBeOpen = _resumes,
        }).Cause;
        if (_ready)
        {
            if (cause is CloseCause.Unavailable or CloseCause.Quota)
            {
                _ = breaker.WentAway(cause);
            }
        }
        else if (loss.Kind == LinkLossKind.ClosedByUs)
        {
            attempt.Abandoned();
        }
        else if (cause is CloseCause.Unavailable or CloseCause.Quota or CloseCause.Network or CloseCause.Transient)
        {
            attempt.Failed(cause);
        }
        else
        {
            attempt.Answered();
        }
    }

    private ClosePhase Phase(LinkLoss loss) => loss.Kind switch
    {
        _ when _ready => ClosePhase.Live,
        LinkLossKind.DialFailed or LinkLossKind.DialRefused => ClosePhase.Dialling,
        _ => _resumes ? ClosePhase.JustResumed : ClosePhase.Setup,
    };
}
