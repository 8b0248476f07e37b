using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Sessions;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>Ephemeral tokens: uses, times and locks (dossier §1.3).</summary>
public sealed class TokenTests
{
    private readonly VirtualTime _time = new();
    private readonly SimulatorWorld _world = new(new SimulatorOptions());

    private VirtualClient Dial(EphemeralToken token, string setup)
    {
        var client = new VirtualClient(_world, _time, new ConnectRequest("v1alpha", Constrained: true, token.Name));
        client.Send(setup);
        return client;
    }

    private EphemeralToken Create(int? uses = null, string? setup = null, string? mask = null) =>
        _world.Tokens.Create("key", uses, null, null, setup is null ? null : JsonNode.Parse(setup)!.AsObject(), mask, _time.Now);

    [Fact]
    public void Use_OfOne_StartsOneSessionAndResumesItFreely()
    {
        const string setup = """{"setup":{"model":"models/gemini-3.8-live","sessionResumption":{}}}""";
        var token = Create();
        var first = Dial(token, setup);
        Assert.Null(first.Closed);
        first.Hangup();
        for (var i = 0; i < 3; i++)
        {
            var resumed = Dial(token, setup.Replace("{}}}", "{\"handle\":\"" + first.Handle + "\"}}}", StringComparison.Ordinal));
            Assert.Null(resumed.Closed);
            resumed.Hangup();
        }

        Assert.Equal((1007, "API key not valid. Please pass a valid API key."), Dial(token, setup).Closed);
    }

    [Fact]
    public void Times_EndNewSessionsAfterAMinuteAndConnectionsAfterThirty()
    {
        const string setup = """{"setup":{"model":"models/gemini-3.8-live"}}""";
        var token = Create(uses: 0);
        var early = Dial(token, setup);
        early.Advance(TimeSpan.FromSeconds(60));
        Assert.Null(early.Closed);
        Assert.Equal(1007, Dial(token, setup).Closed?.Code);
        var options = new SimulatorOptions { ConnectionCap = TimeSpan.FromHours(1) };
        var world = new SimulatorWorld(options);
        var longer = world.Tokens.Create("key", null, null, null, null, null, _time.Now);
        var client = new VirtualClient(world, _time, new ConnectRequest("v1alpha", Constrained: true, longer.Name));
        client.Send(setup);
        client.Advance(TimeSpan.FromMinutes(30));

        Assert.Equal(1008, client.Closed?.Code);
    }

    [Theory]
    // Nothing fixed; everything fixed; only what is listed fixed.
    [InlineData(null, null, "gemini-3.1-flash-live-preview", false)]
    [InlineData("""{"model":"models/gemini-3.8-live"}""", null, "gemini-3.8-live", true)]
    [InlineData("""{"model":"models/gemini-3.8-live"}""", "model", "gemini-3.8-live", false)]
    [InlineData("""{"model":"models/gemini-3.8-live","realtimeInputConfig":{"automaticActivityDetection":{"disabled":false}}}""", "realtimeInputConfig.automaticActivityDetection", "gemini-3.1-flash-live-preview", true)]
    public void Lock_DecidesWhoseSetupCounts(string? setup, string? mask, string model, bool automatic)
    {
        var client = Dial(Create(setup: setup, mask: mask),
            """{"setup":{"model":"models/gemini-3.1-flash-live-preview","realtime_input_config":{"automatic_activity_detection":{"disabled":true}}}}""");
        Assert.Equal(model, (string?)_world.ReadSessions()[0]!["model"]);

        // Refused exactly when activity detection is automatic.
        client.Send("""{"realtimeInput":{"activityStart":{}}}""");
        Assert.Equal(automatic, client.Closed is not null);
    }
}
