using Orchestrator.Attach;

namespace Orchestrator.Silo.Hosting;

/// <summary>The silo that a conversation is taken over from, if it can still be spoken to (DESIGN §10).</summary>
public interface IFormerOwner
{
    /// <summary>
    /// Asks the recorded owner to let the conversation go in order, and waits a moment. Whatever becomes of it, the conversation
    /// is claimed next: fencing does not need the answer.
    /// </summary>
    Task AskAsync(AttachRequest request, CancellationToken cancellation);
}
