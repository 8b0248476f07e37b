using Orchestrator.Testing;

namespace Orchestrator.EndToEnd;

/// <summary>A simulator, and an Orchestrator that uses it.</summary>
public sealed class World : IAsyncDisposable
{
    private World(SimulatorProcess simulator, OrchestratorProcess orchestrator)
    {
        Simulator = simulator;
        Orchestrator = orchestrator;
    }

    public SimulatorProcess Simulator { get; }

    public OrchestratorProcess Orchestrator { get; }

    public static async Task<World> StartAsync(OrchestratorOptions? options = null, params (string Key, string Value)[] simulator)
    {
        var sim = await SimulatorProcess.StartAsync(simulator);
        try
        {
            return new World(sim, await OrchestratorProcess.StartAsync((options ?? new OrchestratorOptions()) with { UpstreamUrl = sim.Url }));
        }
        catch
        {
            await sim.DisposeAsync();
            throw;
        }
    }

    /// <summary>Settings that make the model say this, after this many milliseconds, in every turn.</summary>
    public static (string Key, string Value)[] Says(string text, double seconds, int delayMs = 100) =>
    [
        ("Scripts:0:Reply:Text", text),
        ("Scripts:0:Reply:Seconds", seconds.ToString("0.###")),
        ("Scripts:0:Reply:DelayMs", delayMs.ToString()),
    ];

    public async ValueTask DisposeAsync()
    {
        await Orchestrator.DisposeAsync();
        await Simulator.DisposeAsync();
    }
}
