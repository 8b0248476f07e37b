using System.Collections.Concurrent;
using System.Threading.Channels;
using Orchestrator.Attach;

namespace Orchestrator.Silo.Tests.Attach;

/// <summary>Conversations that do what the test says.</summary>
internal sealed class FakeHost : IConversationHost
{
    private readonly Channel<FakeConversation> _attached = Channel.CreateUnbounded<FakeConversation>();

    /// <summary>Refuses attaches with this.</summary>
    public EdgeClose? Refusal { get; set; }

    /// <summary>Completes before an attach is answered.</summary>
    public Task Ready { get; set; } = Task.CompletedTask;

    public Func<bool> EndResult { get; set; } = () => true;

    public ConcurrentQueue<(TenantId Tenant, ConversationId Conversation, string Reason)> Ends { get; } = [];

    /// <summary>The next conversation that was attached.</summary>
    public async Task<FakeConversation> NextAsync() => await Testing.Patience.For(_attached.Reader.ReadAsync().AsTask(), "an attach at the silo");

    public async Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation)
    {
        await Ready;
        if (Refusal is not null)
        {
            return new AttachOutcome.Refused(Refusal);
        }

        var conversation = new FakeConversation(request, edge);
        edge.Opened(conversation, awaitsSetup: request.Resume);
        _attached.Writer.TryWrite(conversation);
        return new AttachOutcome.Attached(conversation);
    }

    public ConcurrentQueue<ReleaseRequest> Releases { get; } = [];

    public async Task<bool> ReleaseAsync(ReleaseRequest request, CancellationToken cancellation)
    {
        Releases.Enqueue(request);
        await Ready;
        return EndResult();
    }

    public async Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation)
    {
        await Ready;
        Ends.Enqueue((tenant, conversation, reason));
        return EndResult();
    }
}

/// <summary>A grain's side that keeps what it is given.</summary>
internal sealed class FakeConversation(AttachRequest request, IEdge edge) : IAttachment
{
    private readonly Channel<InputFrame> _pushed = Channel.CreateUnbounded<InputFrame>();
    private readonly Channel<long> _acknowledged = Channel.CreateUnbounded<long>();
    private readonly TaskCompletionSource<(int? Code, string Reason)> _detached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _pause;
    private long _pushedBytes;

    public AttachRequest Request => request;

    public IEdge Edge => edge;

    public int Generation => 3;

    public long Epoch => 5;

    public long NextInput => 17;

    public long NextOutput => 23;

    /// <summary>Called with every frame, on the thread that brought it.</summary>
    public Action<InputFrame>? OnPush { get; set; }

    public long PushedBytes => Interlocked.Read(ref _pushedBytes);

    public Task<(int? Code, string Reason)> Left => Testing.Patience.For(_detached.Task, "a detach at the silo");

    public bool IsLeft => _detached.Task.IsCompleted;

    public async Task<InputFrame> NextAsync() => await Testing.Patience.For(_pushed.Reader.ReadAsync().AsTask(), "input at the silo");

    public async Task<long> AcknowledgedAsync() => await Testing.Patience.For(_acknowledged.Reader.ReadAsync().AsTask(), "an acknowledgement at the silo");

    /// <summary>Upstream is slow.</summary>
    public void Pause() => Volatile.Write(ref _pause, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Resume() => Interlocked.Exchange(ref _pause, null)!.SetResult();

    public ValueTask PushAsync(in InputFrame frame)
    {
        Interlocked.Add(ref _pushedBytes, frame.Payload.Length);
        if (OnPush is { } act)
        {
            act(frame);
        }
        else
        {
            _pushed.Writer.TryWrite(frame with { Payload = frame.Payload.ToArray() });
        }

        return Volatile.Read(ref _pause) is { } pause ? new ValueTask(pause.Task) : ValueTask.CompletedTask;
    }

    public void Acknowledge(long outputSeq) => _acknowledged.Writer.TryWrite(outputSeq);

    public void Detach(int? code, string reason) => Assert.True(_detached.TrySetResult((code, reason)), "Detached twice.");
}
