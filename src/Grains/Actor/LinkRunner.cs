using Gemini.Live.Links;

namespace Orchestrator.Grains.Actor;

/// <summary>Dials one upstream connection, sends its setup and reports everything it says, in order, its end last.</summary>
internal sealed class LinkRunner(
    int number,
    LinkTarget target,
    LinkOptions options,
    byte[] setup,
    TimeProvider clock,
    IUpstreamReceiver receiver,
    DialAhead? ahead) : IUpstreamLink, ILinkReceiver
{
    private readonly CancellationTokenSource _givenUp = new();
    private LiveLink? _link;
    private bool _received;

    /// <param name="ahead">A socket that was dialled before; null to dial now.</param>
    public static LinkRunner Start(
        int number, LinkTarget target, LinkOptions options, byte[] setup, TimeProvider clock, IUpstreamReceiver receiver, DialAhead? ahead = null)
    {
        var runner = new LinkRunner(number, target, options, setup, clock, receiver, ahead);
        _ = Task.Run(runner.RunAsync);
        return runner;
    }

    public ValueTask SendAsync(ReadOnlySpan<byte> frame) =>
        Volatile.Read(ref _link) is { } link ? link.SendAsync(frame) : throw new InvalidOperationException("The link is not dialled yet.");

    public void Close()
    {
        _givenUp.Cancel();
        if (Volatile.Read(ref _link) is { } link)
        {
            _ = link.CloseAsync(1000, "");
        }
    }

    void ILinkReceiver.OnFrame(ReadOnlyMemory<byte> frame)
    {
        _received = true;
        receiver.LinkReceived(number, frame);
    }

    private async Task RunAsync()
    {
        try
        {
            if (ahead is not null && await ahead.TakeAsync(_givenUp.Token) is LinkDial.Open early && await ServeAsync(early.Link, mayBeDead: true))
            {
                return;
            }

            // Nothing was dialled ahead, or it was dead by the time it was needed.
            switch (await LiveLink.DialAsync(target, options, clock, _givenUp.Token))
            {
                case LinkDial.Failed failed:
                    receiver.LinkClosed(number, failed.Loss);
                    break;
                case LinkDial.Open open:
                    await ServeAsync(open.Link, mayBeDead: false);
                    break;
            }
        }
        catch (OperationCanceledException) when (_givenUp.IsCancellationRequested)
        {
            // Closed before it was dialled: nobody waits for its end.
        }
    }

    /// <returns>False when the socket was dead before it was needed: nobody has been told.</returns>
    private async Task<bool> ServeAsync(LiveLink link, bool mayBeDead)
    {
        await using (link)
        {
            Volatile.Write(ref _link, link);
            if (_givenUp.IsCancellationRequested)
            {
                return true;
            }

            await link.SendAsync(setup);
            var loss = await link.RunAsync(this);
            if (mayBeDead && loss.Kind == LinkLossKind.NetworkLost && !_received && !_givenUp.IsCancellationRequested)
            {
                return false;
            }

            receiver.LinkClosed(number, loss);
            return true;
        }
    }
}
