using Orchestrator.Attach;

namespace Orchestrator.Grains.Actor;

/// <summary>One client's attachment; the actor ignores all but the newest.</summary>
internal sealed class Attachment(ConversationActor actor, int generation, long epoch, (long Input, long Output) next, IEdge edge) : IAttachment
{
    private TaskCompletionSource? _credit;

    public int Generation => generation;

    public long Epoch => epoch;

    public long NextInput => next.Input;

    public long NextOutput => next.Output;

    public IEdge Edge => edge;

    public ValueTask PushAsync(in InputFrame frame)
    {
        actor.ClientSent(this, frame);
        var credit = Volatile.Read(ref _credit);
        return credit is null ? ValueTask.CompletedTask : new ValueTask(credit.Task);
    }

    public void Acknowledge(long outputSeq) => actor.ClientConfirmed(this, outputSeq);

    public void Detach(int? code, string reason)
    {
        Resume();
        actor.ClientDetached(this, code, reason);
    }

    /// <summary>Upstream is slow: no more input from this client for now.</summary>
    public void Pause()
    {
        if (_credit is null)
        {
            Volatile.Write(ref _credit, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
    }

    public void Resume() => Interlocked.Exchange(ref _credit, null)?.TrySetResult();
}
