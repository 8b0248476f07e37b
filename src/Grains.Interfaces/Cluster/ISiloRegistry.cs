using Orchestrator.Journal;

namespace Orchestrator.Cluster;

/// <summary>What a silo says about itself with every heartbeat.</summary>
/// <param name="Conversations">Conversations in memory.</param>
/// <param name="MemoryBytes">Memory of the process.</param>
/// <param name="Accepting">False while it drains, or is full.</param>
public sealed record SiloLoad(int Conversations, long MemoryBytes, bool Accepting);

/// <summary>Whether the cluster still means this process when it names the silo.</summary>
public enum SiloStanding
{
    /// <summary>It does.</summary>
    Current,
    /// <summary>Another process has registered under the name, or the registration is gone. Everything that this one owned is void or
    /// will be: it stops.</summary>
    Replaced,
}

/// <summary>What the registry answers to a heartbeat.</summary>
/// <param name="DrainRequested">Somebody asked for the silo to be emptied.</param>
/// <param name="Lost">Of the ownerships that were asked about, those that have ended: their upstream sockets are to be closed at once.</param>
public sealed record HeartbeatAnswer(SiloStanding Standing, bool DrainRequested, IReadOnlyList<Ownership> Lost);

/// <summary>A silo as the registry knows it.</summary>
/// <param name="Incarnation">Of its process; a restart has a higher one.</param>
/// <param name="Address">Where its internal endpoint is.</param>
/// <param name="Age">Time since its last heartbeat, by the database's clock.</param>
public sealed record SiloRecord(string Silo, long Incarnation, Uri Address, TimeSpan Age, SiloLoad Load, bool DrainRequested);

/// <summary>
/// Which silos there are. One object per process; a heartbeat is due every second. All times are the database's, so clocks of
/// silos may differ.
/// </summary>
public interface ISiloRegistry
{
    /// <summary>Enters this process under the silo's name, in place of any earlier process of that name, with no load, not accepting
    /// and not asked to drain.</summary>
    /// <returns>The process's incarnation; ownerships that its store hands out belong to it.</returns>
    /// <exception cref="InvalidOperationException">A process that started later has the name.</exception>
    /// <exception cref="IOException">The registry is unavailable; may be repeated.</exception>
    Task<long> RegisterAsync(string silo, Uri address, CancellationToken cancellation);

    /// <summary>Says that the silo lives, and asks about what it thinks it owns.</summary>
    /// <exception cref="IOException">The registry is unavailable; the next heartbeat is tried as usual.</exception>
    Task<HeartbeatAnswer> HeartbeatAsync(string silo, SiloLoad load, IReadOnlyCollection<Ownership> held, CancellationToken cancellation);

    /// <summary>All silos whose last heartbeat is recent enough for them to count as alive, by name.</summary>
    Task<IReadOnlyList<SiloRecord>> ListAliveAsync(CancellationToken cancellation);

    /// <summary>Asks the silo to drain; its next heartbeat is answered so. False when there is no such silo.</summary>
    Task<bool> RequestDrainAsync(string silo, CancellationToken cancellation);

    /// <summary>Takes this process out, unless another has taken the name. Idempotent.</summary>
    Task LeaveAsync(string silo, CancellationToken cancellation);
}
