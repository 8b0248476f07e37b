using Gemini.Live.Links;

namespace Orchestrator.Grains.Actor;

/// <summary>Dials one upstream connection, sends its setup and reports everything it says, in order, its end last.</summary>
internal sealed class LinkRunner(
    int number,
    LinkTarget target,
    LinkOptions options,
    byte[] setup,
    TimeProvider clock,
    IUpstreamReceiver receiver) : IUpstreamLink, ILinkReceiver
{
    private readonly CancellationTokenSource _givenUp = new();
    private LiveLink? _link;

    public static LinkRunner Start(
        int number, LinkTarget target, LinkOptions options, byte[] setup, TimeProvider clock, IUpstreamReceiver receiver)
    {
        var runner = new LinkRunner(number, target, options, setup, clock, receiver);
        _ = Task.Run(runner.RunAsync);
        return runner;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> frame) =>
        Volatile.Read(ref _link) is { } link ? link.SendAsync(frame) : throw new InvalidOperationException("The link is not dialled yet.");

    public void Close()
    {
        _givenUp.Cancel();
        if (Volatile.Read(ref _link) is { } link)
        {
            _ = link.CloseAsync(1000, "");
        }
    }

    void ILinkReceiver.OnFrame(ReadOnlyMemory<byte> frame) => receiver.LinkReceived(number, frame);

    private async Task RunAsync()
    {
        try
        {
            switch (await LiveLink.DialAsync(target, options, clock, _givenUp.Token))
            {
                case LinkDial.Failed failed:
                    receiver.LinkClosed(number, failed.Loss);
                    break;
                case LinkDial.Open open:
                    await ServeAsync(open.Link);
                    break;
            }
        }
        catch (OperationCanceledException) when (_givenUp.IsCancellationRequested)
        {
            // Closed before it was dialled: nobody waits for its end.
        }
    }

    private async Task ServeAsync(LiveLink link)
    {
        await using (link)
        {
            Volatile.Write(ref _link, link);
            if (_givenUp.IsCancellationRequested)
            {
                return;
            }

            await link.SendAsync(setup);
            receiver.LinkClosed(number, await link.RunAsync(this));
        }
    }
}
