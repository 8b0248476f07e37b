using Gemini.Live.Links;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>
/// What others call, from any thread. A frame is handled by the thread that brings it when nobody else is inside; otherwise
/// it is copied and waits, within a bound.
/// </summary>
internal sealed partial class ConversationActor : IUpstreamReceiver
{
    /// <summary>Frames waiting for the mailbox at which the client gets no more credit, and at which a link is given up (P6).</summary>
    private const long ClientWaitingBytes = 1024 * 1024;

    private const long LinkWaitingBytes = 32 * 1024 * 1024;

    /// <summary>Attaches a client; null when the conversation is leaving memory: wait for <see cref="Gone"/> and open it anew.</summary>
    /// <param name="edge">The client's.</param>
    /// <param name="wants">What it asked to hear.</param>
    /// <param name="who">Which client, and with which of its attaches; null from an edge that stays with one silo.</param>
    /// <param name="memory">What the edge remembers of an earlier attachment of the same client; null for a client that has just come.</param>
    /// <exception cref="AttachRefusedException">There is a newer client, or a newer attach of this one; or clients take the conversation from one another.</exception>
    public Task<Attachment?> AttachAsync(IEdge edge, ClientWants wants, (Guid Client, int Attempt)? who = null, EdgeMemory? memory = null)
    {
        var attaching = new Attaching(edge, wants, who, memory);
        _mailbox.Post(new Letter(LetterKind.Attach) { Subject = attaching }, control: true);
        return attaching.Result.Task;
    }

    public void ClientSent(Attachment attachment, in InputFrame frame)
    {
        if (_mailbox.TryEnter())
        {
            Handle(new Letter(LetterKind.ClientFrame) { Subject = attachment, Number = frame.Seq, Payload = frame.Payload, Traits = frame.Traits, AudioMs = frame.AudioMs });
            _mailbox.Leave();
        }
        else
        {
            if (Interlocked.Add(ref _waitingBytes, frame.Payload.Length) > ClientWaitingBytes)
            {
                attachment.Pause();
            }

            _mailbox.Post(new Letter(LetterKind.ClientFrame) { Subject = attachment, Number = frame.Seq, Traits = frame.Traits, AudioMs = frame.AudioMs }.Copying(frame.Payload), control: false);
        }
    }

    public void ClientConfirmed(Attachment attachment, long outputSeq) =>
        _mailbox.Post(new Letter(LetterKind.Confirmed) { Subject = attachment, Number = outputSeq }, control: true);

    /// <summary>Stays in the stream: everything that the client sent before comes first.</summary>
    public void ClientDetached(Attachment attachment, int? code, string reason) => _mailbox.Post(
        new Letter(LetterKind.Input) { Input = new ConversationInput.ClientDetached(attachment.Generation, code, reason) }, control: false);

    public void LinkReceived(int link, ReadOnlyMemory<byte> frame)
    {
        if (_mailbox.TryEnter())
        {
            Handle(new Letter(LetterKind.LinkFrame) { Number = link, Payload = frame });
            _mailbox.Leave();
        }
        else
        {
            if (Interlocked.Add(ref _waitingBytes, frame.Length) > LinkWaitingBytes)
            {
                _context.Metrics.Count("mailboxOverflow");
                LinkClosed(link, new LinkLoss(LinkLossKind.ProtocolViolation, Code: null, "More output is waiting than one conversation may hold."));
            }

            _mailbox.Post(new Letter(LetterKind.LinkFrame) { Number = link }.Copying(frame), control: false);
        }
    }

    public void LinkClosed(int link, LinkLoss loss) =>
        _mailbox.Post(new Letter(LetterKind.Input) { Input = new ConversationInput.LinkClosed(link, loss) }, control: false);

    public void Post(ConversationInput input) =>
        _mailbox.Post(new Letter(LetterKind.Input) { Input = input }, control: true);

    public void Finished() => _mailbox.Post(new Letter(LetterKind.Finished), control: true);

    public void PumpDue() => _mailbox.Post(new Letter(LetterKind.PumpDue), control: true);

    private sealed record Attaching(IEdge Edge, ClientWants Wants, (Guid Client, int Attempt)? Who, EdgeMemory? Memory)
    {
        public TaskCompletionSource<Attachment?> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
