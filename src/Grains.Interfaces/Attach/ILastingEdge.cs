namespace Orchestrator.Attach;

/// <summary>An edge that outlives the silo which serves it: whoever takes conversations elsewhere stands between the client and the silo.</summary>
public interface ILastingEdge : IEdge
{
    /// <summary>
    /// The silo cannot be reached any more. Nothing comes from it after this, and what is pushed to it goes nowhere. Called
    /// once, after everything that the silo had sent, like the other members never at the same time as another. Never called
    /// for an attach that was not answered yet: that fails instead.
    /// </summary>
    /// <param name="reason">How the connection ended.</param>
    void Lost(string reason);
}
