namespace Orchestrator.Attach;

/// <summary>
/// The seam in front of the grain: finds the silo that owns a conversation, activates it there and
/// attaches an edge. In the all-in-one it is a method call; in a cluster it is the internal link.
/// </summary>
public interface IConversationHost
{
    /// <summary>
    /// Attaches the client of <paramref name="edge"/> to a new or an existing conversation. The newest attach
    /// wins: an older edge is detached with <see cref="EdgeClose.Superseded"/> before this completes.
    /// Output that the client had not acknowledged is delivered through <paramref name="edge"/> first.
    /// </summary>
    Task<AttachOutcome> AttachAsync(AttachRequest request, IEdge edge, CancellationToken cancellation);

    /// <summary>Ends a conversation for good.</summary>
    /// <returns>False when the tenant has no such conversation.</returns>
    Task<bool> EndAsync(TenantId tenant, ConversationId conversation, string reason, CancellationToken cancellation);

    /// <summary>Lets a conversation go in order, because another silo takes it over. Only a silo has any to let go.</summary>
    /// <returns>True when everything is written and upstream's connection closed; false when it is not here under that epoch.</returns>
    Task<bool> ReleaseAsync(ReleaseRequest request, CancellationToken cancellation) => Task.FromResult(false);
}

/// <summary>What a silo tells the owner of a conversation that it is about to take over.</summary>
/// <param name="Epoch">Of the ownership that is to end; a later one is none of the asking silo's business.</param>
/// <param name="ClientRemembers">The client that attaches there has been here, and its edge knows what it has heard.</param>
public sealed record ReleaseRequest(TenantId Tenant, ConversationId Conversation, long Epoch, bool ClientRemembers);

/// <summary>What the edge knows when the client's setup has been read.</summary>
/// <param name="Tenant">Whose key was presented.</param>
/// <param name="Conversation">The id to create, or the id from the client's handle.</param>
/// <param name="Resume">True when the client presented a handle.</param>
/// <param name="SetupFrame">The client's setup frame, whole, as received.</param>
public sealed record AttachRequest(TenantId Tenant, ConversationId Conversation, bool Resume, ReadOnlyMemory<byte> SetupFrame)
{
    /// <summary>Names the client's socket wherever it is served, a UUID version 7: of two clients the greater is the newer. Null from
    /// an edge that stays with one silo.</summary>
    public Guid? Client { get; init; }

    /// <summary>Number of this attach among those for the client: one that was thought to be lost may arrive after its successor.</summary>
    public int Attempt { get; init; }

    /// <summary>What an edge remembers that goes on with the same client elsewhere; null for a client that has just come.</summary>
    public EdgeMemory? Memory { get; init; }
}

/// <summary>The answer to an attach.</summary>
public abstract record AttachOutcome
{
    private AttachOutcome()
    {
    }

    /// <summary>The edge owns the conversation's client side.</summary>
    public sealed record Attached(IAttachment Attachment) : AttachOutcome;

    /// <summary>Refused; the client's socket is closed with this.</summary>
    public sealed record Refused(EdgeClose Close) : AttachOutcome;
}
