using Gemini.Live.Links;

namespace Orchestrator.Grains.Actor;

/// <summary>Dials one upstream connection, sends its setup and reports everything it says, in order, its end last.</summary>
internal sealed class LinkRunner(
    int number,
    LinkTarget target,
    LinkOptions options,
    byte[] setup,
    TimeProvider clock,
    Action<int, ReadOnlyMemory<byte>> received,
    Action<int, LinkLoss> closed) : ILinkReceiver
{
    private readonly CancellationTokenSource _givenUp = new();
    private LiveLink? _link;

    public int Number => number;

    /// <summary>The connection, once it is dialled.</summary>
    public LiveLink? Link => Volatile.Read(ref _link);

    public void Start() => _ = Task.Run(RunAsync);

    /// <summary>Closes in peace; what the link still says is ignored by its number.</summary>
    public void Close()
    {
        _givenUp.Cancel();
        if (Link is { } link)
        {
            _ = link.CloseAsync(1000, "");
        }
    }

    void ILinkReceiver.OnFrame(ReadOnlyMemory<byte> frame) => received(number, frame);

    private async Task RunAsync()
    {
        try
        {
            switch (await LiveLink.DialAsync(target, options, clock, _givenUp.Token))
            {
                case LinkDial.Failed failed:
                    closed(number, failed.Loss);
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
            closed(number, await link.RunAsync(this));
        }
    }
}
