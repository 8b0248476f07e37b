using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>What a silo's process tells those who look after it: its probes, and its numbers.</summary>
public sealed class SiloTelemetryTests
{
    [Fact]
    public async Task Silo_AnswersProbes_SaysThatItIsBeingEmptied_AndSendsItsNumbers()
    {
        using var receiver = new Receiver();
        await using var world = await ClusterWorld.StartAsync(silos: 0, frontEnds: 1);
        var port = Ports.Free();
        var silo = await world.AddSiloAsync(
            "silo-1", $"--Orchestrator:Silo:HealthListen=127.0.0.1:{port}", "--Orchestrator:Silo:DrainDeadline=00:00:05", $"--Orchestrator:Telemetry:OtlpEndpoint={receiver.Url}");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Assert.Equal("""{"status":"live"}""", await http.GetStringAsync("/health/live"));
        Assert.Equal("""{"status":"ready"}""", await http.GetStringAsync("/health/ready"));

        await using var client = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await client.SetUpAsync();
        await client.SendAsync("""{"realtimeInput":{"activityStart":{}}}""");
        await client.SendAudioAsync(new byte[640]);
        await Patience.Until(async () => (await world.Simulator.Oracle.SessionsAsync()).Count > 0, "the session upstream");
        silo.Child.Send(Signal.Terminate);
        await Patience.Until(
            async () =>
            {
                using var answer = await http.GetAsync("/health/ready");
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable && await answer.Content.ReadAsStringAsync() == """{"status":"notReady","failing":["draining"]}""";
            },
            "the probe to say that the silo is being emptied");
        Assert.Equal(0, await silo.Child.ExitAsync());

        string[] instruments = ["orchestrator.link.opened", "orchestrator.store.appends", "orchestrator.wire.connections"];
        Assert.All(instruments, name => Assert.Contains(name, receiver.Metrics, StringComparison.Ordinal));
    }

    /// <summary>Takes OTLP over HTTP; names are readable in protobuf.</summary>
    private sealed class Receiver : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentQueue<string> _metrics = [];

        public Receiver()
        {
            Url = $"http://127.0.0.1:{Ports.Free()}";
            _listener.Prefixes.Add($"{Url}/");
            _listener.Start();
            _ = TakeAsync();
        }

        public string Url { get; }

        public string Metrics => string.Concat(_metrics);

        public void Dispose() => _listener.Close();

        private async Task TakeAsync()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext request;
                try
                {
                    request = await _listener.GetContextAsync();
                }
                catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var body = new MemoryStream();
                await request.Request.InputStream.CopyToAsync(body);
                if (request.Request.Url!.AbsolutePath == "/v1/metrics")
                {
                    _metrics.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
                }

                request.Response.Close();
            }
        }
    }
}
