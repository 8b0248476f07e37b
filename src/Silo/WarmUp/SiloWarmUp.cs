using Orchestrator.Attach;

namespace Orchestrator.Silo.WarmUp;

/// <summary>The warm-up of a silo: a conversation with its losses, taken over at the end as if another silo had died.</summary>
public static class SiloWarmUp
{
    public static async Task PlayAsync(CancellationToken cancellation)
    {
        await using var stage = new WarmUpStage();
        var conversation = new ConversationId(Guid.CreateVersion7(TimeProvider.System.GetUtcNow()));
        var request = new AttachRequest(WarmUpStage.Tenant, conversation, Resume: false, WarmUpTalk.Setup);
        var remembers = await TalkAsync(stage.Host, request, WarmUpTalk.Turns, cancellation);
        await TalkAsync(stage.Host, request with { Resume = true, Memory = remembers }, turns: 1, cancellation);
        await stage.Host.EndAsync(request.Tenant, conversation, "The warm-up is over.", cancellation);
    }

    /// <returns>What the edge remembers when the silo has let the conversation go.</returns>
    private static async Task<EdgeMemory> TalkAsync(IConversationHost host, AttachRequest request, int turns, CancellationToken cancellation)
    {
        var edge = new Edge();
        if (await host.AttachAsync(request, edge, cancellation) is not AttachOutcome.Attached { Attachment: { } grain })
        {
            throw new InvalidOperationException("A silo without clients refused one.");
        }

        for (var i = 0; i < turns; i++)
        {
            await WarmUpTalk.TurnAsync(voiced => edge.PushAsync(grain, voiced), () => edge.Replies, cancellation);
        }

        await host.ReleaseAsync(new ReleaseRequest(request.Tenant, request.Conversation, grain.Epoch, ClientRemembers: true), cancellation);
        return edge.Memory with { Epoch = grain.Epoch };
    }

    /// <summary>A client that hears everything at once.</summary>
    private sealed class Edge : IEdge
    {
        private const int FrameMs = 20;

        private long _delivered;
        private long _turnEnd;
        private long _durable;
        private long _input;
        private volatile int _replies;

        public int Replies => _replies;

        public EdgeMemory Memory => new() { SettledInput = Interlocked.Read(ref _durable), LastOutput = Interlocked.Read(ref _delivered), LastTurnEnd = Interlocked.Read(ref _turnEnd) };

        public ValueTask PushAsync(IAttachment grain, bool voiced)
        {
            _input = Math.Max(_input + 1, grain.NextInput);
            grain.Acknowledge(Interlocked.Read(ref _delivered));
            var traits = voiced ? InputTraits.Audio | InputTraits.Voiced : InputTraits.Audio;
            return grain.PushAsync(new InputFrame(voiced ? WarmUpTalk.Speech : WarmUpTalk.Silence, traits, FrameMs) { Seq = _input });
        }

        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
        }

        public void Deliver(in OutputFrame frame)
        {
            Interlocked.Exchange(ref _delivered, frame.Seq);
            if (frame.Traits.HasFlag(OutputTraits.TurnComplete))
            {
                Interlocked.Exchange(ref _turnEnd, frame.Seq);
                _replies++;
            }
        }

        public void Durable(long inputSeq) => Interlocked.Exchange(ref _durable, inputSeq);

        public void Close(EdgeClose close)
        {
        }
    }
}
