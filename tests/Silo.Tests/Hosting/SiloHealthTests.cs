using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Orchestrator.Silo.Hosting;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>What probes of a silo are answered.</summary>
public sealed class SiloHealthTests : IAsyncLifetime
{
    private readonly ManualTime _clock = new();
    private readonly HttpClient _http = new();
    private Func<Task<string?>> _database = () => Task.FromResult<string?>(null);
    private string? _draining;
    private SiloHealth _health = null!;

    public async ValueTask InitializeAsync() => _health = await SiloHealth.StartAsync(
        "127.0.0.1:0",
        [new SiloCheck("database", () => _database()), new SiloCheck("draining", () => Task.FromResult(_draining))],
        _clock,
        NullLogger<SiloHealth>.Instance);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _health.DisposeAsync();
    }

    [Fact]
    public async Task Silo_ThatHasEverything_IsReady() => await SaysAsync("/health/ready", 200, """{"status":"ready"}""");

    [Fact]
    public async Task WhatIsMissing_IsNamed_ByTheNameOnly()
    {
        _database = () => Task.FromResult<string?>("the password is wrong");
        await SaysAsync("/health/ready", 503, """{"status":"notReady","failing":["database"]}""");
        _draining = "it is being emptied";
        await SaysAsync("/health/ready", 503, """{"status":"notReady","failing":["database","draining"]}""");
        await SaysAsync("/health/live", 200, """{"status":"live"}""");
    }

    [Fact]
    public async Task CheckThatDoesNotAnswer_Fails()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _database = () =>
        {
            asked.SetResult();
            return new TaskCompletionSource<string?>().Task;
        };
        var answer = SaysAsync("/health/ready", 503, """{"status":"notReady","failing":["database"]}""");
        await Patience.For(asked.Task, "the check");
        await Patience.Until(() => Task.FromResult(_clock.Armed > 0), "the check's time-out");
        _clock.Advance(TimeSpan.FromSeconds(5));
        await Patience.For(answer, "the answer");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/health")]
    [InlineData("/health/ready/x")]
    public async Task NothingElse_IsAnsweredThere(string path) => await SaysAsync(path, 404, "");

    [Fact]
    public async Task Head_HasNoBody()
    {
        using var answer = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, _health.Url + "/health/ready"));
        Assert.Equal((HttpStatusCode.OK, 0), (answer.StatusCode, (await answer.Content.ReadAsByteArrayAsync()).Length));
        using var post = await _http.PostAsync(_health.Url + "/health/ready", null);
        Assert.Equal(HttpStatusCode.NotFound, post.StatusCode);
    }

    [Fact]
    public async Task AddressThatIsTaken_IsAnError()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await Assert.ThrowsAsync<IOException>(() => SiloHealth.StartAsync($"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}", [], _clock, NullLogger<SiloHealth>.Instance));
    }

    [Theory]
    [InlineData("0.0.0.0:8081", true)]
    [InlineData("[::1]:0", true)]
    [InlineData("localhost:8081", false)]
    [InlineData("", false)]
    public void Address_IsValidated(string listen, bool good)
    {
        var result = new SiloOptionsValidator().Validate(null, new SiloOptions { HealthListen = listen });
        Assert.Equal(good, result.Succeeded);
        Assert.True(good || Assert.Single(result.Failures!).StartsWith("Orchestrator:Silo:HealthListen ", StringComparison.Ordinal));
    }

    private async Task SaysAsync(string path, int status, string body)
    {
        using var answer = await _http.GetAsync(_health.Url + path);
        Assert.Equal((status, body), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }
}
