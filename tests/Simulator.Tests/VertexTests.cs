using System.Text;
using System.Text.Json.Nodes;
using Gemini.Live.Links;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Sessions;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>The other surface: same messages, other path, credential and names (dossier §1, §3).</summary>
public sealed class VertexTests
{
    private const string Live38 = "gemini-3.8-live";
    private const string Native25 = "gemini-live-2.5-flash-native-audio";
    private const string Place = "projects/p/locations/europe-west4/";
    private const string NotFound = " is not found for API version";

    private static readonly ConnectRequest WithToken = new("v1beta1", Constrained: false, "ya29.token") { Dialect = UpstreamDialect.Vertex, Bearer = true };
    private static readonly ConnectRequest WithKey = new("v1", Constrained: false, "key") { Dialect = UpstreamDialect.Vertex };
    private static readonly ConnectRequest Developer = new("v1beta", Constrained: false, "key");

    private readonly VirtualTime _time = new();

    /// <summary>Who dials, which name is in the setup, and whether that is a model there.</summary>
    public static TheoryData<string, string, bool> Names => new()
    {
        { "token", $"{Place}publishers/google/models/{Live38}", true },
        { "token", $"{Place}publishers/google/models/{Native25}", true },
        { "token", $"publishers/google/models/{Live38}", false },
        { "token", $"models/{Live38}", false },
        { "token", Live38, false },
        { "token", $"{Place}publishers/google/models/gemini-3.1-flash-live-preview", false },
        { "token", $"{Place}publishers/other/models/{Live38}", false },
        { "key", $"publishers/google/models/{Live38}", true },
        { "key", $"{Place}publishers/google/models/{Live38}", true },
        { "key", $"models/{Live38}", false },
        { "developer", $"models/{Live38}", true },
        { "developer", $"{Place}publishers/google/models/{Live38}", false },
        { "developer", $"publishers/google/models/{Live38}", false },
        { "developer", $"models/{Native25}", false },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Model_HasItsNameOnTheSurfaceThatWasDialled(string who, string model, bool served)
    {
        var client = Setup(World(), model, who switch { "token" => WithToken, "key" => WithKey, _ => Developer });
        if (served)
        {
            Assert.Null(client.Closed);
            Assert.Single(client.Frames);
        }
        else
        {
            Assert.Equal(1008, client.Closed?.Code);
            Assert.Contains((model + NotFound)[..Math.Min(100, model.Length + NotFound.Length)], client.Closed?.Reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Live38)]
    [InlineData(Native25)]
    public void Conversation_IsInTheVertexDialect(string model)
    {
        var client = Setup(World(), $"{Place}publishers/google/models/{model}", WithToken, ""","inputAudioTranscription":{},"outputAudioTranscription":{}""");
        Assert.Equal(client.SessionId, (string?)client.Frames[0].Frame["setupComplete"]!["sessionId"]);
        client.SpeakWords(1, 3);
        client.Pause(0.8);
        var end = client.WaitFor("turnComplete");

        Assert.Equal("{}", end["serverContent"]!["groundingMetadata"]!.ToJsonString());
        var usage = end["usageMetadata"]!.AsObject();
        Assert.True((int)usage["candidatesTokenCount"]! > 0);
        Assert.Equal("AUDIO", (string?)usage["candidatesTokensDetails"]![0]!["modality"]);
        Assert.Equal("ON_DEMAND", (string?)usage["trafficType"]);
        Assert.False(usage.ContainsKey("responseTokenCount") || usage.ContainsKey("responseTokensDetails"));
        var turns = client.Frames.Select(f => f.Frame["serverContent"]?["modelTurn"]).Where(t => t?["parts"]?[0]?["inlineData"] is not null).ToList();
        Assert.NotEmpty(turns);
        Assert.All(turns, turn =>
        {
            Assert.Equal("model", (string?)turn!["role"]);
            Assert.Equal("audio/pcm", (string?)turn["parts"]![0]!["inlineData"]!["mimeType"]);
        });
        Assert.Equal(" w1 w2 w3", client.Heard());
        Assert.Equal("Good morning to you", client.Said());
    }

    [Fact]
    public void Transcript_Of25_RunsAheadOfTheAudio_BetweenAnEmptyOneAndItsFinish()
    {
        var client = Setup(World(), $"{Place}publishers/google/models/{Native25}", WithToken, ""","outputAudioTranscription":{}""");
        client.Send("""{"realtimeInput":{"text":"hello"}}""");
        client.WaitFor("generationComplete");
        var kinds = client.Frames.Select(f => f.Frame["serverContent"]).OfType<JsonObject>()
            .Where(c => c.ContainsKey("outputTranscription") || c["modelTurn"]?["parts"]?[0]?["inlineData"] is not null)
            .Select(c => c["outputTranscription"]?.ToJsonString() ?? "audio").ToList();
        var finished = kinds.IndexOf("""{"finished":true}""");
        Assert.Equal("{}", kinds[0]);
        Assert.Equal(["""{"text":"Good"}""", """{"text":" morning"}""", """{"text":" to"}""", """{"text":" you"}"""], kinds[1..finished]);
        Assert.All(kinds[(finished + 1)..], kind => Assert.Equal("audio", kind));
        Assert.True(kinds.Count > finished + 1);
    }

    [Fact]
    public void ToolRound_Of25_EndsItsTurn_AndTheAnswerIsATurnOfItsOwn()
    {
        var world = World(new ScriptedReply { Text = "It is paid", ToolCalls = [new ScriptedCall { Name = "get_bill", ArgsJson = "{}" }] });
        var client = Setup(world, $"{Place}publishers/google/models/{Native25}", WithToken, ""","outputAudioTranscription":{},"tools":[{"functionDeclarations":[{"name":"get_bill"}]}]""");
        client.Send("""{"realtimeInput":{"text":"the bill"}}""");
        var id = (string)client.WaitFor("toolCall")["toolCall"]!["functionCalls"]![0]!["id"]!;
        Assert.True(Guid.TryParse(id, out _), id);
        client.Send("{\"toolResponse\":{\"functionResponses\":[{\"id\":\"" + id + "\",\"name\":\"get_bill\",\"response\":{\"output\":\"ok\"}}]}}");
        Assert.NotNull(client.WaitFor("turnComplete")["usageMetadata"]);
        client.WaitFor("finished");
        client.WaitFor("turnComplete");
        var order = client.Frames.Select(f => f.Frame["serverContent"]).OfType<JsonObject>()
            .Select(c => c.ContainsKey("turnComplete") ? "end" : c.ContainsKey("generationComplete") ? "generated" : "speech").ToList();
        Assert.Equal(["generated", "end", "speech"], order[..3]);
        Assert.Equal(["generated", "end"], order[^2..]);
        Assert.Equal("It is paid", client.Said());
    }

    [Fact]
    public void Interruption_CarriesEmptyGroundingAndNoUsage()
    {
        var client = Setup(World(new ScriptedReply { Text = "A long story", Seconds = 5 }), $"{Place}publishers/google/models/{Live38}", WithToken);
        client.Send("""{"realtimeInput":{"text":"hello"}}""");
        client.WaitFor("audio/pcm");
        client.Send("""{"realtimeInput":{"text":"stop"}}""");
        client.WaitFor("interrupted");
        Assert.Equal("""{"serverContent":{"turnComplete":true,"groundingMetadata":{}}}""", client.WaitFor("turnComplete").ToJsonString());
    }

    [Fact]
    public void Handle_BelongsToTheProject_NotToTheToken()
    {
        var world = World();
        var model = $"{Place}publishers/google/models/{Live38}";
        var first = Setup(world, model, WithToken, ""","sessionResumption":{}""");
        var handle = first.Handle;
        first.Hangup();

        var renewed = Setup(world, model, WithToken with { Credential = "ya29.next" }, $$$""","sessionResumption":{"handle":"{{{handle}}}"}""");
        Assert.Equal(first.SessionId, renewed.SessionId);
        renewed.Hangup();

        var foreign = Setup(world, model.Replace("projects/p/", "projects/q/", StringComparison.Ordinal), WithToken, $$$""","sessionResumption":{"handle":"{{{handle}}}"}""");
        Assert.Equal((1008, "Requested entity was not found."), foreign.Closed);
        var key = Setup(world, $"models/{Live38}", Developer, $$$""","sessionResumption":{"handle":"{{{handle}}}"}""");
        Assert.Equal((1008, "Requested entity was not found."), key.Closed);
    }

    [Fact]
    public void AllVideoCoverage_IsRefusedThere()
    {
        const string AllVideo = ""","realtimeInputConfig":{"turnCoverage":"TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"}""";
        Assert.Equal(1007, Setup(World(), $"{Place}publishers/google/models/{Live38}", WithToken, AllVideo).Closed?.Code);
        Assert.Null(Setup(World(), $"models/{Live38}", Developer, AllVideo).Closed);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public void Credential_ThatIsNone_IsRefusedBeforeTheUpgrade(string? credential)
    {
        var world = new SimulatorWorld(new SimulatorOptions { ApiKeys = ["right"] });
        Assert.Equal(new DialVerdict.Refuse(401), world.Dial(WithToken with { Credential = credential }));
        Assert.IsType<DialVerdict.Accept>(world.Dial(WithToken with { Credential = "right" }));
        Assert.IsType<DialVerdict.Accept>(new SimulatorWorld(new SimulatorOptions()).Dial(WithToken with { Credential = "anything" }));
        Assert.Equal(new DialVerdict.Refuse(401), new SimulatorWorld(new SimulatorOptions()).Dial(WithToken with { Credential = null }));
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v1beta1")]
    public async Task OverASocket_BearerAndExpressKey_Work_AndOtherTokensAreTurnedAway(string version)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var simulator = await SimulatorHost.StartAsync(new SimulatorOptions { ApiKeys = ["good"] }, "http://127.0.0.1:0", timeout.Token);
        foreach (var (target, model) in new[]
        {
            (LinkTargets.Vertex(simulator.BaseUrl, version, () => "good"), ModelNames.Vertex($"models/{Live38}", "p", "l")),
            (LinkTargets.Vertex(simulator.BaseUrl, version, "good"), ModelNames.Vertex($"models/{Live38}", null, null)),
        })
        {
            var open = Assert.IsType<LinkDial.Open>(await LiveLink.DialAsync(target, new LinkOptions(), TimeProvider.System, timeout.Token));
            await using var link = open.Link;
            var first = new FirstFrame();
            var run = link.RunAsync(first);
            await link.SendAsync(Encoding.UTF8.GetBytes($$$"""{"setup":{"model":"{{{model}}}"}}"""));
            Assert.StartsWith("{\"setupComplete\":{\"sessionId\":\"", await first.Text.Task.WaitAsync(timeout.Token), StringComparison.Ordinal);
            await link.CloseAsync(1000, "");
            await run;
        }

        var refused = await LiveLink.DialAsync(LinkTargets.Vertex(simulator.BaseUrl, version, () => "stale"), new LinkOptions(), TimeProvider.System, timeout.Token);
        Assert.Equal(401, Assert.IsType<LinkDial.Failed>(refused).Loss.HttpStatus);
    }

    private sealed class FirstFrame : ILinkReceiver
    {
        public TaskCompletionSource<string> Text { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnFrame(ReadOnlyMemory<byte> frame) => Text.TrySetResult(Encoding.UTF8.GetString(frame.Span));
    }

    private static SimulatorWorld World(ScriptedReply? reply = null) =>
        new(new SimulatorOptions { Scripts = [new ScriptRule { Reply = reply ?? new ScriptedReply { Text = "Good morning to you", Seconds = 0.4 } }] });

    private VirtualClient Setup(SimulatorWorld world, string model, ConnectRequest request, string more = "")
    {
        var client = new VirtualClient(world, _time, request);
        client.Send($$$"""{"setup":{"model":"{{{model}}}"{{{more}}}}}""");
        return client;
    }
}
