using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orchestrator.Silo.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Wire;

public sealed class ClusterOptionsTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    [Fact]
    public void Defaults_WithASecret_AreValid() => Assert.Empty(new ClusterOptions { Secret = Secret }.Failures());

    [Fact]
    public void Everything_ThatIsWrong_IsNamedAtOnce_WithoutTheSecret()
    {
        var failures = new ClusterOptions
        {
            Secret = "too-short",
            Listen = "nowhere",
            Connections = 0,
            PingInterval = TimeSpan.FromMilliseconds(1),
            DeadAfter = TimeSpan.FromTicks(1),
            ConnectTimeout = TimeSpan.Zero,
            SilentAfter = TimeSpan.Zero,
            MaxFrameBytes = 1,
            InputWindowBytes = 1,
            StreamQueueBytes = 1,
            ConnectionQueueBytes = 1,
            MaxConnections = 0,
            Tls = new ClusterTlsOptions { Certificate = "x.pem", ServerName = "silo" },
        }.Failures();
        string[] keys =
        [
            "Secret", "Listen", "Connections", "PingInterval", "DeadAfter", "ConnectTimeout", "SilentAfter", "MaxFrameBytes", "InputWindowBytes",
            "StreamQueueBytes", "ConnectionQueueBytes", "MaxConnections", "Tls:Certificate", "Tls:ServerName",
        ];
        Assert.Equal(keys.Select(k => $"Orchestrator:Cluster:{k}"), failures.Select(f => f.Split(' ')[0]));
        Assert.DoesNotContain(failures, f => f.Contains("too-short", StringComparison.Ordinal));
    }

    [Fact]
    public void Section_IsBoundAndValidated()
    {
        Assert.Equal(9, Bound(("Secret", Secret), ("Connections", "9")).Connections);
        var wrong = Assert.Throws<OptionsValidationException>(() => Bound(("Connections", "9")));
        Assert.Contains("Orchestrator:Cluster:Secret", wrong.Message, StringComparison.Ordinal);
    }

    private static ClusterOptions Bound(params (string Key, string Value)[] keys)
    {
        using var services = new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(keys.ToDictionary(k => $"{ClusterOptions.Section}:{k.Key}", k => (string?)k.Value)).Build())
            .AddMetrics()
            .AddSiloAttach()
            .BuildServiceProvider();
        return services.GetRequiredService<IOptions<ClusterOptions>>().Value;
    }
}
