using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Speech;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Orchestrator.Api.Tests.Live;
using Orchestrator.Silo.Telemetry;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Telemetry;

/// <summary>What leaves the process for an OTLP receiver, read off the wire.</summary>
public sealed class TelemetryTests
{
    [Theory]
    [InlineData("Orchestrator:Telemetry:OtlpEndpoint")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT")]
    public async Task Recovery_IsSentToTheReceiver_WithoutKeysHandlesOrWords(string key)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        string conversation, handle;
        await using (var fixture = await LiveFixture.StartAsync($"--{key}={receiver.Url}"))
        {
            await fixture.FaultAsync(new FaultRule { Turn = 1, Phase = FaultPhase.UserSpeech, AfterFrames = 5, Action = FaultAction.Close, Reason = "Internal error in cell-17." });
            await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
            await client.SetUpAsync();
            await client.SpeakAsync(TestSpeech.Words(0, 4));
            await client.TurnCompleteAsync();
            (conversation, handle) = (client.ConversationId, client.Handle!);
        }

        // The last of it is sent when the process ends.
        var (metrics, traces) = (receiver.Received("metrics"), receiver.Received("traces"));
        string[] instruments = ["orchestrator.recovery.succeeded", "orchestrator.recovery.gap", "orchestrator.link.opened", "orchestrator.link.lost", "orchestrator.turn.ended", "orchestrator.upstream.attempts"];
        Assert.All(instruments, name => Assert.Contains(name, metrics, StringComparison.Ordinal));
        Assert.DoesNotContain(conversation, metrics, StringComparison.Ordinal);
        Assert.Contains(conversation, traces, StringComparison.Ordinal);
        Assert.Contains("orchestrator.recovery.cause", traces, StringComparison.Ordinal);
        Assert.All([metrics, traces], sent =>
        {
            Assert.Contains("service.name", sent, StringComparison.Ordinal);
            Assert.Contains("orchestrator", sent, StringComparison.Ordinal);
            string[] secrets = [LiveFixture.Key, handle, "yes of course", "w0 w1", "cell-17"];
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, sent, StringComparison.OrdinalIgnoreCase));
        });
    }

    [Fact]
    public void Nothing_IsSentUnlessAReceiverIsNamed()
    {
        using var export = TelemetryExport.Start(Configuration());
        Assert.Null(export);
    }

    [Theory]
    [InlineData("Orchestrator:Telemetry:OtlpEndpoint", "collector:4317")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense")]
    public void Endpoint_ThatIsNoUrl_IsRefusedByName(string key, string value)
    {
        var wrong = Assert.Throws<OptionsValidationException>(() => TelemetryExport.Start(Configuration((key, value))));
        Assert.Contains(key, wrong.Message, StringComparison.Ordinal);
    }

    private static IConfiguration Configuration(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();
}
