using System.Net;
using System.Text.Json;

namespace Orchestrator.Testing;

/// <summary>What the tests read over REST, as a tenant sees it.</summary>
public sealed class OrchestratorApi(string url, string key)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public async Task<(HttpStatusCode Status, string Body)> SendAsync(HttpMethod method, string path, string accept = "application/json")
    {
        using var request = new HttpRequestMessage(method, url + path);
        request.Headers.Add("x-goog-api-key", key);
        request.Headers.Add("Accept", accept);
        using var response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>A document; any other status than 200 fails with the body in the message.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, path);
        return status == HttpStatusCode.OK
            ? JsonElement.Parse(body)
            : throw new HttpRequestException($"GET {path}: {(int)status} {body}");
    }

    /// <summary>The turns of the transcript, in order.</summary>
    public async Task<IReadOnlyList<JsonElement>> TurnsAsync(string conversation) =>
        [.. (await GetAsync($"/v1/conversations/{conversation}/transcript")).GetProperty("turns").EnumerateArray()];

    /// <summary>The journal's facts, in order.</summary>
    public async Task<string> EventsAsync(string conversation) =>
        (await GetAsync($"/v1/conversations/{conversation}/events")).GetRawText();
}
