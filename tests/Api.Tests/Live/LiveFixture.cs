using System.Net.Http.Json;
using System.Text.Json;
using Gemini.Live.Simulator.Faults;
using Orchestrator.Api.Composition;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Live;

/// <summary>The all-in-one in this process, its simulator quick and scriptable, real sockets in between.</summary>
internal sealed class LiveFixture : IAsyncDisposable
{
    public const string Key = "acme-key";

    private readonly TempDirectory _directory;
    private readonly HttpClient _http = new();

    private LiveFixture(TempDirectory directory, AllInOneApp app)
    {
        _directory = directory;
        App = app;
    }

    public AllInOneApp App { get; private set; }

    public string Url => App.Url;

    public static async Task<LiveFixture> StartAsync(params string[] more)
    {
        var directory = new TempDirectory();
        return new LiveFixture(directory, await StartAppAsync(directory, more));
    }

    /// <summary>Stops the process's stand-in and starts it again on the same directory. The simulator starts anew.</summary>
    public async Task RestartAsync(params string[] more)
    {
        await App.DisposeAsync();
        App = await StartAppAsync(_directory, more);
    }

    public Task FaultAsync(params FaultRule[] rules) => PostAsync("/sim/v1/faults", rules);

    public async Task<JsonElement> RestAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Url}/v1/conversations{path}");
        request.Headers.Add("x-goog-api-key", Key);
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async Task DeleteAsync(string conversation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"{Url}/v1/conversations/{conversation}");
        request.Headers.Add("x-goog-api-key", Key);
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>All user samples that the only upstream session's context holds, in order.</summary>
    public async Task<byte[]> UserAudioAsync() => await _http.GetByteArrayAsync($"{Sim}/sim/v1/sessions/{await SessionAsync()}/audio/user");

    /// <summary>All model samples that went over the wire.</summary>
    public async Task<byte[]> ModelAudioAsync() => await _http.GetByteArrayAsync($"{Sim}/sim/v1/sessions/{await SessionAsync()}/audio/model");

    /// <summary>What the model's context contains, as the simulator tells it.</summary>
    public async Task<string> MemoryAsync() => await _http.GetStringAsync($"{Sim}/sim/v1/sessions/{await SessionAsync()}/memory");

    public async Task<int> ConnectionsAsync() => (await SessionsAsync()).EnumerateArray().Last().GetProperty("connections").GetArrayLength();

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        _http.Dispose();
        _directory.Dispose();
    }

    private string Sim => App.Simulator!.BaseUrl.GetLeftPart(UriPartial.Authority);

    private async Task<string> SessionAsync() => (await SessionsAsync()).EnumerateArray().Last().GetProperty("session").GetString()!;

    private async Task<JsonElement> SessionsAsync() => await _http.GetFromJsonAsync<JsonElement>($"{Sim}/sim/v1/sessions");

    private async Task PostAsync<T>(string path, T body)
    {
        using var response = await _http.PostAsJsonAsync($"{Sim}{path}", body, new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        });
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
    }

    private static Task<AllInOneApp> StartAppAsync(TempDirectory directory, string[] more) => AllInOneApp.StartAsync(
    [
        "--urls", "http://127.0.0.1:0",
        $"--Orchestrator:DataDirectory={Path.Combine(directory.Path, "data")}",
        "--Orchestrator:Tenants:0:Id=acme", $"--Orchestrator:Tenants:0:ApiKeys:0={Key}",
        "--Simulator:ReplyDelay=00:00:00.050", "--Simulator:Pace=20",
        "--Simulator:Scripts:0:Reply:Text=yes of course",
        "--Logging:LogLevel:Default=Warning",
        .. more,
    ]);
}
