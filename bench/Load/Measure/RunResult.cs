namespace Orchestrator.Bench.Load.Measure;

/// <summary>What one run of one target came to.</summary>
internal sealed record RunResult
{
    public required string Target { get; init; }

    public required int Conversations { get; init; }

    /// <summary>From when a frame was due until its echo was here.</summary>
    public required Histogram Latency { get; init; }

    /// <summary>How late the driver was.</summary>
    public required Histogram Lateness { get; init; }

    /// <summary>From the first packet of a connection to <c>setupComplete</c>.</summary>
    public required Histogram SetUp { get; init; }

    public required long EchoesDue { get; init; }

    public required long EchoesCame { get; init; }

    public required int Turns { get; init; }

    public required int LostCalls { get; init; }

    /// <summary>Milliseconds of processor time per second of one conversation.</summary>
    public required double CpuMs { get; init; }

    /// <summary>The same of the target's database.</summary>
    public required double DatabaseCpuMs { get; init; }

    /// <summary>Cores that driver and upstream used.</summary>
    public required double DriverCores { get; init; }

    public required double UpstreamCores { get; init; }

    public required long IdleKb { get; init; }

    public required long SteadyKb { get; init; }

    public required long PeakKb { get; init; }

    public double KbPerConversation => (double)(SteadyKb - IdleKb) / Conversations;

    public double PeakKbPerConversation => (double)(PeakKb - IdleKb) / Conversations;
}
