using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Orchestrator.Api.Auth;
using Orchestrator.Journal;

namespace Orchestrator.Api.Tests.Auth;

public sealed class AuthenticationTests
{
    [Theory]
    [InlineData("x-goog-api-key", TestApi.AcmeKey, "", HttpStatusCode.OK)]
    [InlineData("x-goog-api-key", TestApi.AcmeSecondKey, "", HttpStatusCode.OK)]
    [InlineData("Authorization", "Bearer " + TestApi.AcmeKey, "", HttpStatusCode.OK)]
    [InlineData("Authorization", "bearer " + TestApi.AcmeKey, "", HttpStatusCode.OK)]
    [InlineData(null, null, "?key=" + TestApi.AcmeKey, HttpStatusCode.OK)]
    [InlineData(null, null, "?pageSize=1&key=" + TestApi.AcmeKey, HttpStatusCode.OK)]
    [InlineData(null, null, "?k%65y=acme%2Dkey-4711", HttpStatusCode.OK)]
    [InlineData(null, null, "", HttpStatusCode.Unauthorized)]
    [InlineData(null, null, "?key=", HttpStatusCode.Unauthorized)]
    [InlineData(null, null, "?key=" + TestApi.AcmeKey + "x", HttpStatusCode.Unauthorized)]
    [InlineData(null, null, "?key=" + TestApi.AcmeKey + "&key=" + TestApi.OtherKey, HttpStatusCode.Unauthorized)]
    [InlineData("x-goog-api-key", "wrong", "?key=" + TestApi.AcmeKey, HttpStatusCode.Unauthorized)]
    [InlineData("x-goog-api-key", "", "", HttpStatusCode.Unauthorized)]
    [InlineData("Authorization", "Basic " + TestApi.AcmeKey, "", HttpStatusCode.Unauthorized)]
    [InlineData("Authorization", TestApi.AcmeKey, "", HttpStatusCode.Unauthorized)]
    public async Task Key_IsTakenFromItsPlaces(string? header, string? value, string query, HttpStatusCode expected)
    {
        await using var api = await TestApi.StartAsync();
        using var request = TestApi.Get("/v1/conversations" + query);
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using var response = await api.Anonymous.SendAsync(request);
        Assert.Equal(expected, response.StatusCode);
        if (expected == HttpStatusCode.Unauthorized)
        {
            Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
            Assert.Contains("urn:orchestrator:problem:unauthenticated", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task WithoutTenants_TheDevelopmentKeyOpens()
    {
        await using var api = await TestApi.StartAsync(withTenants: false);
        using var refused = await api.Client.GetAsync("/v1/conversations");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var response = await api.Anonymous.GetAsync("/v1/conversations?key=" + DevelopmentKey.LoadOrCreate(api.Root));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task KeysTokensAndWords_AreInNoLogAndNoTrace_AtAnyLevel()
    {
        const string Word = "геликоптер";
        const string Handle = "upstream-handle-77";
        var traced = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (traced)
                {
                    traced.Add(activity.DisplayName + " " + string.Join(' ', activity.TagObjects));
                }
            },
        };
        ActivitySource.AddActivityListener(listener);

        string token;
        await using var api = await TestApi.StartAsync();
        var mine = await api.ConversationAsync(Conversation.Opened(), Conversation.Turn(1, Word), new CheckpointTaken(1, 1, "main", Handle, 1, "h"), new ConversationEnded("Bye.", "client"));
        token = api.Service<ResumptionTokens>().Issue(TestApi.Acme, mine.Conversation, TestApi.Noon);
        foreach (var path in new[] { "", $"/{mine.Conversation}", $"/{mine.Conversation}/transcript", $"/{mine.Conversation}/events", $"/{mine.Conversation}/usage", "/nowhere" })
        {
            foreach (var key in new[] { TestApi.AcmeKey, "wrong-key-31337" })
            {
                using var byQuery = await api.Anonymous.GetAsync($"/v1/conversations{path}?key={key}&access_token=auth_tokens/{token}&KEY={key}");
                using var escaped = await api.Anonymous.GetAsync($"/v1/conversations{path}?%6Bey={key}");
                using var byHeader = TestApi.Get($"/v1/conversations{path}", path.EndsWith("/events", StringComparison.Ordinal) ? "text/event-stream" : null);
                byHeader.Headers.Add("Authorization", $"Bearer {key}");
                using var answered = await api.Anonymous.SendAsync(byHeader);
            }
        }

        // Request lines that Kestrel refuses, and quotes where it may.
        foreach (var (line, status) in new[]
        {
            ($"GET /v1/conversations?key={TestApi.AcmeKey} HTTP/9.9", "505"), ($"GET v1/conversations?key={TestApi.AcmeKey} HTTP/1.1", "400"),
            ($"G@T /v1/conversations?key={TestApi.AcmeKey} HTTP/1.1", "400"),
            ($"GET /v1/conversations?key={TestApi.AcmeKey}", "400"),
        })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(api.Address.Host, api.Address.Port);
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"{line}\r\nHost: x\r\nConnection: close\r\n\r\n"));
            using var reader = new StreamReader(socket.GetStream());
            Assert.StartsWith("HTTP/1.1 " + status, await reader.ReadToEndAsync().WaitAsync(TestApi.Patience), StringComparison.Ordinal);
        }

        await api.StopAsync();
        Assert.Contains(api.Logs.Lines, line => line.Contains($"/v1/conversations/{mine.Conversation}", StringComparison.Ordinal));
        Assert.NotEmpty(traced);
        foreach (var secret in new[] { TestApi.AcmeKey, "wrong-key-31337", "31337", token, Word, Handle })
        {
            Assert.DoesNotContain(api.Logs.Lines, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
            lock (traced)
            {
                Assert.DoesNotContain(traced, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
            }
        }
    }

    [Fact]
    public async Task OtherParameters_SurviveTheShield()
    {
        await using var api = await TestApi.StartAsync();
        using var response = await api.Anonymous.GetAsync($"/v1/conversations?pageSize=x%26y&key={TestApi.AcmeKey}");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("pageSize", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
