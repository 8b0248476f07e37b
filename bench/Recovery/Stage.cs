using System.Net.Http.Json;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Recovery;

/// <summary>A simulator and an all-in-one as processes, with crowds of talkers in between.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private const string Key = "bench-key";

    private readonly SimulatorProcess _simulator;
    private readonly OrchestratorProcess _orchestrator;
    private readonly HttpClient _http = new();
    private int _talkers;

    private Stage(SimulatorProcess simulator, OrchestratorProcess orchestrator)
    {
        _simulator = simulator;
        _orchestrator = orchestrator;
    }

    public static async Task<Stage> SetAsync(int setupMs, int thinkMs, double replySeconds)
    {
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        var simulator = await SimulatorProcess.StartAsync(
            ("Scripts:0:Reply:Text", "One short answer."),
            ("Scripts:0:Reply:Seconds", replySeconds.ToString(culture)),
            ("Scripts:0:Reply:DelayMs", thinkMs.ToString(culture)),
            ("Faults:0:Action", "DelaySetupComplete"),
            ("Faults:0:Ms", setupMs.ToString(culture)),
            ("Faults:0:Times", "0"));
        return new Stage(simulator, await OrchestratorProcess.StartAsync(new OrchestratorOptions
        {
            UpstreamUrl = simulator.Url,
            Tenants = [("bench", Key)],
            Arguments = ["--Logging:LogLevel:Default=Warning"],
        }));
    }

    /// <summary>Half with marked turns, half with an open microphone, a little apart from each other; then all are asked.</summary>
    /// <param name="direct">Straight to the simulator.</param>
    public async Task<IReadOnlyList<Story>> PlayAsync(int conversations, int turns, bool direct, params object[] faults)
    {
        await ForgetAsync();
        if (faults.Length > 0)
        {
            (await _http.PostAsJsonAsync($"{_simulator.Url}/sim/v1/faults", faults)).EnsureSuccessStatusCode();
        }

        var talkers = Enumerable.Range(0, conversations)
            .Select(i => new Talker(direct ? _simulator.Url : _orchestrator.Url, ++_talkers, manual: i % 2 == 0, direct ? null : Key)).ToList();
        await Task.WhenAll(talkers.Select(async (talker, i) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(i * 41));
            await talker.TalkAsync(turns);
        }));
        var stories = await Story.TellAsync(talkers, direct ? null : _orchestrator.Api(Key), _simulator.Oracle);
        foreach (var talker in talkers)
        {
            await talker.HangUpAsync();
            await talker.DisposeAsync();
        }

        return stories;
    }

    public async ValueTask DisposeAsync()
    {
        await _orchestrator.DisposeAsync();
        await _simulator.DisposeAsync();
        _http.Dispose();
    }

    /// <summary>Sessions of earlier waves, and their faults.</summary>
    private async Task ForgetAsync() => (await _http.DeleteAsync($"{_simulator.Url}/sim/v1/state")).EnsureSuccessStatusCode();
}
