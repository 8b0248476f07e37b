using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Bench.Load.Tests;

/// <summary>That the bench measures at all; what it measures here means nothing.</summary>
public sealed class TableTests
{
    [Theory]
    [InlineData("--turn", "2")]
    [InlineData("--turn", "2", "--manual")]
    public async Task Table_TwoConversations_EveryFrameComesBackAndTurnsEnd(params string[] plan)
    {
        await using var bench = ChildProcess.StartDotnet(
            "load",
            Repository.Built("Load", "Orchestrator.Load.dll"),
            ["table", "--n", "2", "--runs", "1", "--seconds", "4", "--warm-up", "1", "--targets", "direct bare all-in-one", .. plan]);
        var code = await bench.ExitAsync();
        var output = bench.Output;

        Assert.True(code == 0, output);
        foreach (var target in new[] { "direct", "bare", "all-in-one" })
        {
            var row = Assert.Single(output.Split('\n'), line => line.StartsWith("| 2", StringComparison.Ordinal) && line.Contains($"| {target} |", StringComparison.Ordinal));
            // Echoes lost, calls lost.
            Assert.EndsWith("| 0 | 0 |", row.Trim());
            var line = Assert.Single(output.Split('\n'), line => line.Contains($"2 × {target}:", StringComparison.Ordinal));
            Assert.Matches(@", [1-9]\d* turns, 0 calls lost", line);
        }
    }

    [Fact]
    public async Task Run_UnknownTarget_SaysWhichThereAre()
    {
        await using var bench = ChildProcess.StartDotnet("load", Repository.Built("Load", "Orchestrator.Load.dll"), ["one", "nothing", "2"]);
        Assert.NotEqual(0, await bench.ExitAsync());
        Assert.Contains("direct, node, bare, all-in-one, cluster", bench.Output, StringComparison.Ordinal);
    }
}
