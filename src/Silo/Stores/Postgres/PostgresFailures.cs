using System.Net.Sockets;
using Npgsql;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>The database cannot be used; the message names the key or the place and says what to do. It has no password in it.</summary>
public sealed class PostgresStartException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What an exception of the driver means for the one who asked.</summary>
internal static class PostgresFailures
{
    /// <summary>Somebody else holds the row for longer than we wait.</summary>
    public static bool IsLocked(Exception failure) => failure is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable };

    /// <summary>Anything that the database, the network or a time limit can do to an operation.</summary>
    public static bool IsOfDatabase(Exception failure) =>
        failure is NpgsqlException or IOException or SocketException or TimeoutException or OperationCanceledException;

    /// <summary>True when the same may work in a moment: the server is away, restarts, is full, was switched over.</summary>
    public static bool MayPass(Exception failure) => failure is PostgresException refused
        ? refused.IsTransient || IsLocked(refused) || WasDemoted(refused) || refused.SqlState[..2] is "08" or "40" or "53" or "57" or "58"
        : IsOfDatabase(failure);

    /// <summary>This connection leads to a standby: the pool has to look for the primary again.</summary>
    public static bool WasDemoted(Exception failure) => failure is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>A fixed word, for a metric's tag.</summary>
    public static string Cause(Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } => "locked",
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } => "standby",
        PostgresException p when p.SqlState.StartsWith("53", StringComparison.Ordinal) => "resources",
        PostgresException p when p.SqlState.StartsWith("57", StringComparison.Ordinal) => "shutdown",
        PostgresException => "refused",
        OperationCanceledException or TimeoutException or NpgsqlException { InnerException: TimeoutException } => "timeout",
        _ => "connection",
    };

    /// <summary>One line without a row's content: what failed, and why as far as the database said it.</summary>
    public static string Describe(Exception failure) => failure switch
    {
        PostgresException p => $"{p.MessageText} ({p.SqlState})",
        OperationCanceledException => "no answer in time",
        NpgsqlException { InnerException: { } inner } n when inner is not NpgsqlException => $"{n.Message}: {inner.Message}",
        _ => failure.Message,
    };
}
