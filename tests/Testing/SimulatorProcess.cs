using System.Text.Json;

namespace Orchestrator.Testing;

/// <summary>The Gemini Live simulator as a real process on a loopback port.</summary>
public sealed class SimulatorProcess : IAsyncDisposable
{
    private SimulatorProcess(ChildProcess child, string url)
    {
        Child = child;
        Url = url;
        Oracle = new SimulatorOracle(url);
    }

    public ChildProcess Child { get; }

    public string Url { get; }

    /// <summary>What the model's contexts contain, and where faults are ordered.</summary>
    public SimulatorOracle Oracle { get; }

    /// <param name="settings">Keys below the section <c>Simulator</c>, for example <c>Scripts:0:Reply:Seconds</c>.</param>
    public static async Task<SimulatorProcess> StartAsync(params (string Key, string Value)[] settings)
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        var child = ChildProcess.StartDotnet(
            "simulator",
            Repository.Built("Simulator", "Gemini.Live.Simulator.dll"),
            ["--urls", url, .. settings.Select(s => $"--Simulator:{s.Key}={s.Value}")]);
        await child.LineAsync(line => line.Contains("ready", StringComparison.OrdinalIgnoreCase), "the line with 'ready'");
        return new SimulatorProcess(child, url);
    }

    public ValueTask DisposeAsync() => Child.DisposeAsync();
}

/// <summary>The simulator's control endpoint.</summary>
public sealed class SimulatorOracle(string url)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Ids of all sessions so far.</summary>
    public async Task<IReadOnlyList<string>> SessionsAsync() => [.. (await DescribeAsync()).Select(s => s.GetProperty("session").GetString()!)];

    /// <summary>All sessions so far, with their connections: when each was opened and closed.</summary>
    public async Task<IReadOnlyList<JsonElement>> DescribeAsync() =>
        [.. JsonElement.Parse(await Http.GetStringAsync($"{url}/sim/v1/sessions")).EnumerateArray()];

    /// <summary>What the session's context contains, as the simulator describes it.</summary>
    public async Task<JsonElement> MemoryAsync(string session) =>
        JsonElement.Parse(await Http.GetStringAsync($"{url}/sim/v1/sessions/{session}/memory"));

    /// <summary>The frames of the session in both directions, with their times.</summary>
    public Task<string> WireAsync(string session) => Http.GetStringAsync($"{url}/sim/v1/sessions/{session}/wire");

    /// <summary>Every user sample in the session's context, in order: 16 kHz PCM16.</summary>
    public Task<byte[]> UserAudioAsync(string session) => Http.GetByteArrayAsync($"{url}/sim/v1/sessions/{session}/audio/user");

    /// <summary>Every sample that the model sent in this session, in order: 24 kHz PCM16.</summary>
    public Task<byte[]> ModelAudioAsync(string session) => Http.GetByteArrayAsync($"{url}/sim/v1/sessions/{session}/audio/model");

    /// <summary>Orders a fault; see docs/simulator.md for the members.</summary>
    public Task FaultAsync(object rule) => PostAsync("faults", rule);

    /// <summary>From its next turn on the model says this, in every session.</summary>
    public Task SaysAsync(string text, double seconds) => PostAsync("scripts", new[] { new { reply = new { text, seconds } } });

    private async Task PostAsync(string what, object document)
    {
        using var body = new StringContent(JsonSerializer.Serialize(document, JsonSerializerOptions.Web), System.Text.Encoding.UTF8, "application/json");
        using var response = await Http.PostAsync($"{url}/sim/v1/{what}", body);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>The one session whose context holds exactly these samples.</summary>
    public async Task<string> SessionThatHeardAsync(byte[] pcm)
    {
        List<string> exact = [];
        List<string> others = [];
        foreach (var session in await SessionsAsync())
        {
            var heard = await UserAudioAsync(session);
            if (heard.AsSpan().SequenceEqual(pcm))
            {
                exact.Add(session);
            }
            else
            {
                others.Add($"{session} heard {heard.Length / 2} samples, the same up to sample {heard.AsSpan().CommonPrefixLength(pcm) / 2}");
            }
        }
        return exact.Count == 1
            ? exact[0]
            : throw new InvalidOperationException(
                $"{exact.Count} sessions hold exactly the {pcm.Length / 2} samples that were sent.{Environment.NewLine}{string.Join(Environment.NewLine, others)}");
    }
}
