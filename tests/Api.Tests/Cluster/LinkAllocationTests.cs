using Orchestrator.Attach;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>A frame goes to the silo, is answered, and so on: counts what both ends allocate for it.</summary>
[Collection(nameof(Alone))]
public sealed class LinkAllocationTests
{
    // Sockets and their sanitised awaiters may allocate now and then; an object for every frame would be more than this.
    private const double MostPerFrame = 24;

    // Frames share writes, and each write waits for its millisecond: with one frame at a time the rally would take so long that what
    // the process allocates by the second were counted, too.
    private const int InFlight = 50;

    [Fact]
    public async Task SteadyAudio_AllocatesNothingPerFrame()
    {
        // Beyond the network's stand-in, which is no part of the link.
        await using var link = new LinkFixture(direct: true);
        var rally = new Rally(warmUp: 3000, counted: 5000);
        await Task.Run(async () =>
        {
            var outcome = (AttachOutcome.Attached)await link.Remote.AttachAsync(LinkFixture.Request(), rally, CancellationToken.None);
            var grain = await link.Host.NextAsync();
            var answer = new byte[1300];
            long seq = 0;
            grain.OnPush = _ => grain.Edge.Deliver(new OutputFrame(++seq, answer, OutputTraits.Audio, 20));
            for (var frame = 0; frame < InFlight; frame++)
            {
                await outcome.Attachment.PushAsync(rally.Frame);
            }
        });
        var perFrame = await Patience.For(rally.PerFrame.Task, "the rally");
        Assert.True(perFrame < MostPerFrame, $"{perFrame} bytes per frame");
    }

    private sealed class Rally(int warmUp, int counted) : IEdge
    {
        private IAttachment? _attachment;
        private long _before;
        private int _frames;

        public InputFrame Frame { get; } = new(new byte[900], InputTraits.Audio | InputTraits.Voiced, 20);

        public TaskCompletionSource<double> PerFrame { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Opened(IAttachment attachment, bool awaitsSetup) => _attachment = attachment;

        public void Deliver(in OutputFrame frame)
        {
            _frames++;
            if (_frames == warmUp)
            {
                _before = GC.GetTotalAllocatedBytes(precise: true);
            }

            if (_frames >= warmUp + counted)
            {
                PerFrame.TrySetResult((GC.GetTotalAllocatedBytes(precise: true) - _before) / (double)counted);
                return;
            }

            var push = _attachment!.PushAsync(Frame);
            Assert.True(push.IsCompletedSuccessfully);
        }

        public void Durable(long inputSeq)
        {
        }

        public void Close(EdgeClose close) => PerFrame.TrySetException(new InvalidOperationException(close.Reason));
    }
}

/// <summary>Tests that measure this process do not share it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
