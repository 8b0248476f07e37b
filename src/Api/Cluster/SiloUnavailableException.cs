namespace Orchestrator.Api.Cluster;

/// <summary>A silo cannot be reached, is not the one that was wanted, or was lost before it answered.</summary>
public sealed class SiloUnavailableException : IOException
{
    public SiloUnavailableException(string message)
        : base(message)
    {
    }

    public SiloUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public SiloUnavailableException()
    {
    }
}
