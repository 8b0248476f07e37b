using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Bench.Load.Tests;

/// <summary>The soak in short: that conversations go on, not how fast.</summary>
public sealed class SoakTests
{
    [Theory]
    [InlineData("all-in-one")]
    [InlineData("cluster")]
    public async Task Soak_ConnectionsThatEndAtRandom_EveryConversationGoesOn(string target)
    {
        await using var bench = ChildProcess.StartDotnet(
            "soak",
            Repository.Built("Load", "Orchestrator.Load.dll"),
            ["soak", target, "3", "2", "--seconds", "8", "--turn", "2", "--warm-up", "1"]);
        await bench.ExitAsync();
        var output = bench.Output;

        Assert.Contains("0 clients were disconnected, 0 conversations had no turn in the later half.", output, StringComparison.Ordinal);
        Assert.Equal(2, output.Split('\n').Count(line => line.StartsWith("| 1 |", StringComparison.Ordinal) || line.StartsWith("| 2 |", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Soak_TargetThatDoesNotRecover_SaysThatClientsWereDisconnected()
    {
        await using var bench = ChildProcess.StartDotnet(
            "soak",
            Repository.Built("Load", "Orchestrator.Load.dll"),
            ["soak", "bare", "2", "1", "--seconds", "8", "--turn", "2", "--warm-up", "1"]);
        Assert.Equal(1, await bench.ExitAsync());
        Assert.Matches("[12] clients were disconnected", bench.Output);
    }
}
