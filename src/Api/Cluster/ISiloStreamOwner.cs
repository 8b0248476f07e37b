using Orchestrator.Attach;

namespace Orchestrator.Api.Cluster;

/// <summary>An edge that can outlive the silo which serves it: whoever takes conversations elsewhere stands between the client and the link.</summary>
internal interface ISiloStreamOwner : IEdge
{
    /// <summary>
    /// The silo cannot be reached any more. Nothing comes through this attachment after it, and what is pushed goes
    /// nowhere. Called once, after everything that the silo had sent, like the other members never at the same time as
    /// another. An attach that was not answered yet fails with <see cref="SiloUnavailableException"/> instead.
    /// </summary>
    /// <param name="attachment">The one that is lost.</param>
    /// <param name="reason">How the connection ended.</param>
    void Lost(IAttachment attachment, string reason);
}
