using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>The switches that docs/performance.md speaks of are in effect in the processes as they are shipped.</summary>
public sealed class ReceivingThreadTests
{
    /// <summary>The runtime's name of the threads that learn of sockets.</summary>
    private const string SocketThread = ".NET Sockets";

    [Fact]
    public async Task AllInOne_AsShipped_HasOneReceivingThreadPerProcessorThatHandlesWhatItReceives()
    {
        await using var world = await World.StartAsync();
        Assert.Equal(Environment.ProcessorCount, ReceivingThreads(world.Orchestrator.Child.Id));
    }

    [Fact]
    public async Task AllInOne_SwitchedOffByItsOperator_HandsWhatItReceivesToThePool()
    {
        Assert.SkipUnless(Environment.ProcessorCount is > 1 and < 31, "One thread is right for both here.");
        await using var world = await World.StartAsync(new OrchestratorOptions
        {
            Environment = new Dictionary<string, string> { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "0" },
        });
        Assert.Equal(1, ReceivingThreads(world.Orchestrator.Child.Id));
    }

    private static int ReceivingThreads(int process) =>
        Directory.GetDirectories($"/proc/{process}/task").Count(thread => File.ReadAllText(Path.Combine(thread, "comm")).Trim() == SocketThread);
}
