namespace Orchestrator.Wire;

/// <summary>
/// The internal link between front-ends and silos. Section <c>Orchestrator:Cluster</c>; both sides read it. Needed only where
/// they are processes of their own.
/// </summary>
public sealed class ClusterOptions
{
    public const string Section = "Orchestrator:Cluster";

    private const int MinSecret = 32;

    /// <summary>What every process of the cluster knows, at least 32 characters, best random ones: front-ends and silos
    /// prove it to each other. Whoever knows it can speak for any tenant. Required; no default.</summary>
    public string Secret { get; set; } = "";

    /// <summary>Where a silo listens, <c>address:port</c>. Default <c>127.0.0.1:11111</c>: nothing listens beyond loopback unless
    /// told to. Port 0 takes any that is free.</summary>
    public string Listen { get; set; } = "127.0.0.1:11111";

    /// <summary>Encryption; off unless set.</summary>
    public ClusterTlsOptions Tls { get; set; } = new();

    /// <summary>Connections that a front-end keeps to each silo, 1 to 64. Default 2. One thread at a time works on what a
    /// connection brings: too few leave cores idle, too many share fewer writes.</summary>
    public int Connections { get; set; } = 2;

    /// <summary>How often a front-end asks a silo for a sign of life. Default 250 ms, 10 ms to 1 min.</summary>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A silo that has not answered for so long is lost, and its conversations are taken elsewhere. Default 1 s, at
    /// least twice the interval. Too short moves conversations because of a pause of the garbage collector.</summary>
    public TimeSpan DeadAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long connecting, encrypting and proving may take together, on either side. Default 2 s, 100 ms to 1 min.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A silo gives a front-end up that has sent nothing, not even a ping, for so long. Default 5 s, 1 s to 10 min.</summary>
    public TimeSpan SilentAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Largest frame. Default 17 MiB, 64 KiB to 128 MiB; at least what a client and upstream may send. A larger one is
    /// not sent: its conversation is closed with 1009.</summary>
    public int MaxFrameBytes { get; set; } = 17 * 1024 * 1024;

    /// <summary>Input of one conversation that may be under way before the silo has taken it. Default 256 KiB, 16 KiB to 16 MiB.</summary>
    public int InputWindowBytes { get; set; } = 256 * 1024;

    /// <summary>Output of one conversation that may wait in a silo for a front-end that does not read; beyond it the client is
    /// closed, resumably. Default 4 MiB, 64 KiB to 64 MiB.</summary>
    public int StreamQueueBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Bytes that may wait on one connection for the peer to read; beyond it the connection is given up and its
    /// conversations go elsewhere. Default 64 MiB, 1 MiB to 1 GiB.</summary>
    public int ConnectionQueueBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Front-end connections that a silo serves, 1 to 65536. Default 1024.</summary>
    public int MaxConnections { get; set; } = 1024;

    /// <summary>Everything that is wrong, each with the key's name; never the secret itself.</summary>
    public IReadOnlyList<string> Failures()
    {
        var failures = new List<string>();
        Check(Secret.Length >= MinSecret, nameof(Secret), $"is required and must have at least {MinSecret} characters");
        Check(System.Net.IPEndPoint.TryParse(Listen, out _), nameof(Listen), "must be an IP address and a port, such as 0.0.0.0:11111");
        Check(Connections is >= 1 and <= 64, nameof(Connections), "must be between 1 and 64");
        Check(Within(PingInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)), nameof(PingInterval), "must be between 10 milliseconds and 1 minute");
        Check(DeadAfter >= 2 * PingInterval && DeadAfter <= TimeSpan.FromMinutes(10), nameof(DeadAfter), "must be at least twice PingInterval and at most 10 minutes");
        Check(Within(ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)), nameof(ConnectTimeout), "must be between 100 milliseconds and 1 minute");
        Check(Within(SilentAfter, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)) && SilentAfter >= 2 * PingInterval, nameof(SilentAfter), "must be between 1 second and 10 minutes, and at least twice PingInterval");
        Check(MaxFrameBytes is >= 65_536 and <= 134_217_728, nameof(MaxFrameBytes), "must be between 65536 and 134217728");
        Check(InputWindowBytes is >= 16_384 and <= 16_777_216, nameof(InputWindowBytes), "must be between 16384 and 16777216");
        Check(StreamQueueBytes is >= 65_536 and <= 67_108_864, nameof(StreamQueueBytes), "must be between 65536 and 67108864");
        Check(ConnectionQueueBytes is >= 1_048_576 and <= 1_073_741_824, nameof(ConnectionQueueBytes), "must be between 1048576 and 1073741824");
        Check(MaxConnections is >= 1 and <= 65_536, nameof(MaxConnections), "must be between 1 and 65536");
        Check((Tls.Certificate is null) == (Tls.Key is null), "Tls:Certificate", "and Tls:Key must be given together");
        Check(Tls.ServerName is null || Tls.Authority is not null, "Tls:ServerName", "needs Tls:Authority");
        return failures;

        void Check(bool good, string key, string rule)
        {
            if (!good)
            {
                failures.Add($"{Section}:{key} {rule}.");
            }
        }
    }

    internal WireBounds Bounds() => new(MaxFrameBytes, ConnectionQueueBytes, ConnectTimeout);

    private static bool Within(TimeSpan value, TimeSpan from, TimeSpan to) => value >= from && value <= to;
}

/// <summary>Encryption of the internal link. The secret authenticates; this keeps what is said from the network.</summary>
public sealed class ClusterTlsOptions
{
    /// <summary>PEM file with the silo's certificate and its chain. With it a silo speaks TLS only.</summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file with the certificate's key.</summary>
    public string? Key { get; set; }

    /// <summary>PEM file with the authorities that silos' certificates must come from. With it a front-end, and a silo
    /// towards another, speaks TLS only.</summary>
    public string? Authority { get; set; }

    /// <summary>Name that a silo's certificate must carry. Default: the host that was dialled.</summary>
    public string? ServerName { get; set; }
}
