using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>The cluster's database. Section <c>Orchestrator:Postgres</c>.</summary>
public sealed class PostgresOptions
{
    public const string Section = "Orchestrator:Postgres";

    /// <summary>Npgsql connection string, for example <c>Host=db;Database=orchestrator;Username=orchestrator;Password=…</c>; several
    /// hosts, separated by commas, are tried for the one that takes writes. A secret: environment or file, not the command line. Required.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>How long a claim, an append or another short operation is tried before it fails. Default 5 s, 500 ms to 9 s.
    /// Too short turns a fail-over of the database into closed clients; beyond 10 s a conversation has been detached anyway.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the start waits for the database. Default 30 s, 1 s to 10 minutes; migrations have to be done in it, too.</summary>
    public TimeSpan StartPatience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Age of a silo's last heartbeat from which it counts as dead. Default 5 s, 2 s to 1 minute. Too short moves conversations
    /// away from silos that only paused; fencing keeps even that safe.</summary>
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a claim waits for whoever holds the conversation before it ends that connection. An append holds it for milliseconds:
    /// long enough for a slow disk, short enough for a takeover from a frozen owner. No key, because nobody has a reason to change it.
    /// </summary>
    internal TimeSpan CutOffAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <exception cref="OptionsValidationException">Something is wrong; the message names every key, and no value.</exception>
    public static PostgresOptions Read(IConfiguration configuration)
    {
        var options = new PostgresOptions();
        configuration.GetSection(Section).Bind(options);
        var failures = options.Failures().ToList();
        return failures.Count == 0 ? options : throw new OptionsValidationException(Section, typeof(PostgresOptions), failures);
    }

    /// <summary>What the product needs of a connection, whatever the string says.</summary>
    internal NpgsqlConnectionStringBuilder ToConnection()
    {
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            // Details quote rows: facts have spoken words in them.
            IncludeErrorDetail = false,
            PersistSecurityInfo = false,
            IncludeFailedBatchedCommand = false,
        };
        Default("Timeout", b => b.Timeout = 3);
        Default("Command Timeout", b => b.CommandTimeout = Math.Max(1, (int)Math.Ceiling(Patience.TotalSeconds)));
        Default("Cancellation Timeout", b => b.CancellationTimeout = 500);
        Default("Keepalive", b => b.KeepAlive = 10);
        Default("Max Auto Prepare", b => b.MaxAutoPrepare = 32);
        Default("Auto Prepare Min Usages", b => b.AutoPrepareMinUsages = 2);
        Default("Maximum Pool Size", b => b.MaxPoolSize = 8);
        Default("Minimum Pool Size", b => b.MinPoolSize = 4);
        Default("Application Name", b => b.ApplicationName = "orchestrator");
        return connection;

        void Default(string key, Action<NpgsqlConnectionStringBuilder> set)
        {
            if (!connection.ShouldSerialize(key))
            {
                set(connection);
            }
        }
    }

    private IEnumerable<string> Failures()
    {
        if (WrongConnection() is { } wrong)
        {
            yield return $"{Section}:{nameof(ConnectionString)} {wrong}.";
        }

        if (Patience < TimeSpan.FromMilliseconds(500) || Patience > TimeSpan.FromSeconds(9))
        {
            yield return $"{Section}:{nameof(Patience)} must be between 500 milliseconds and 9 seconds.";
        }

        if (StartPatience < TimeSpan.FromSeconds(1) || StartPatience > TimeSpan.FromMinutes(10))
        {
            yield return $"{Section}:{nameof(StartPatience)} must be between 1 second and 10 minutes.";
        }

        if (DeadAfter < TimeSpan.FromSeconds(2) || DeadAfter > TimeSpan.FromMinutes(1))
        {
            yield return $"{Section}:{nameof(DeadAfter)} must be between 2 seconds and 1 minute.";
        }
    }

    private string? WrongConnection()
    {
        const string example = "for example Host=db;Database=orchestrator;Username=orchestrator;Password=...";
        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            return "must be set, " + example;
        }

        try
        {
            var read = new NpgsqlConnectionStringBuilder(ConnectionString);
            return string.IsNullOrEmpty(read.Host) ? "must name a Host, " + example
                : string.IsNullOrEmpty(read.Database) ? "must name a Database, " + example
                : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The exception quotes the string, and the string has a password in it.
            return "is not an Npgsql connection string, " + example;
        }
    }
}
