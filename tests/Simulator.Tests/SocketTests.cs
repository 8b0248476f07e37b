using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Speech;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>The shell: real sockets on port 0, real HTTP, the system's clock.</summary>
public sealed class SocketTests : IAsyncLifetime
{
    private const string Method = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _timeout = new(Patience);
    private readonly HttpClient _http = new();
    private SimulatorHost _simulator = null!;

    public async ValueTask InitializeAsync()
    {
        var options = new SimulatorOptions
        {
            ApiKeys = ["good"],
            ReplyDelay = TimeSpan.FromMilliseconds(10),
            Pace = 20,
            Scripts = [new ScriptRule { Reply = new ScriptedReply { Text = "Yes", Seconds = 0.2 } }],
        };
        _simulator = await SimulatorHost.StartAsync(options, "http://127.0.0.1:0", _timeout.Token);
        _http.BaseAddress = _simulator.BaseUrl;
        _http.DefaultRequestHeaders.Add("x-goog-api-key", "good");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _simulator.DisposeAsync();
        _timeout.Dispose();
    }

    private async Task<ClientWebSocket> DialAsync(string path, params (string Name, string Value)[] headers)
    {
        var socket = new ClientWebSocket();
        foreach (var (name, value) in headers)
            socket.Options.SetRequestHeader(name, value);
        // Text, not Uri: a path that begins with two slashes must survive.
        await socket.ConnectAsync(new Uri($"ws://{_simulator.BaseUrl.Authority}{path}"), _timeout.Token);
        return socket;
    }

    private Task SendAsync(ClientWebSocket socket, string json, WebSocketMessageType type = WebSocketMessageType.Text) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(json), type, endOfMessage: true, _timeout.Token);

    /// <summary>The next frame, or null when the server closed.</summary>
    private async Task<JsonObject?> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[256 * 1024];
        var count = 0;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(count), _timeout.Token);
            if (part.MessageType == WebSocketMessageType.Close)
                return null;
            Assert.Equal(WebSocketMessageType.Binary, part.MessageType);
            count += part.Count;
            if (part.EndOfMessage)
                return JsonNode.Parse(buffer.AsSpan(0, count))!.AsObject();
        }
    }

    private async Task<JsonObject> ReceiveAsync(ClientWebSocket socket, string part)
    {
        while (await ReceiveAsync(socket) is { } frame)
        {
            if (frame.ToJsonString().Contains(part, StringComparison.Ordinal))
                return frame;
        }
        throw new InvalidOperationException($"Closed with {socket.CloseStatus} {socket.CloseStatusDescription} before {part}.");
    }

    [Theory]
    [InlineData(Method + "?key=good", null, null)]
    [InlineData("/" + Method + "?key=good", null, null)]
    [InlineData("/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent", "x-goog-api-key", "good")]
    [InlineData("//ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent?key=good", null, null)]
    public async Task Conversation_OverARealSocket_IsWhole(string path, string? header, string? value)
    {
        using var socket = await DialAsync(path, header is null ? [] : [(header, value!)]);
        await SendAsync(socket, """{"setup":{"model":"models/gemini-3.8-live","inputAudioTranscription":{},"outputAudioTranscription":{}}}""", WebSocketMessageType.Binary);
        Assert.Equal("""{"setupComplete":{}}""", (await ReceiveAsync(socket))!.ToJsonString());
        byte[] pcm = [.. TestSpeech.Words(1, 3), .. TestSpeech.Silence(TimeSpan.FromSeconds(0.7))];
        foreach (var part in pcm.Chunk(1_280))
            await SendAsync(socket, VirtualClient.AudioFrame(part));
        Assert.Equal(" w1", (string?)(await ReceiveAsync(socket, "inputTranscription"))["serverContent"]!["inputTranscription"]!["text"]);
        await ReceiveAsync(socket, "turnComplete");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", _timeout.Token);

        var sessions = await _http.GetFromJsonAsync<JsonArray>("/sim/v1/sessions", _timeout.Token);
        var session = sessions!.Last()!;
        var id = (string?)session["session"];
        Assert.Equal("good", (string?)session["apiKey"]);
        Assert.Equal(pcm, await _http.GetByteArrayAsync($"/sim/v1/sessions/{id}/audio/user", _timeout.Token));
        Assert.Equal(9_600, (await _http.GetByteArrayAsync($"/sim/v1/sessions/{id}/audio/model", _timeout.Token)).Length);
        var memory = await _http.GetFromJsonAsync<JsonObject>($"/sim/v1/sessions/{id}/memory", _timeout.Token);
        Assert.Contains(memory!["entries"]!.AsArray(), entry => (string?)entry!["kind"] == "model" && (string?)entry["ending"] == "complete");
        var wire = await _http.GetFromJsonAsync<JsonArray>($"/sim/v1/sessions/{id}/wire", _timeout.Token);
        Assert.Contains(wire!, frame => (string?)frame!["direction"] == "received" && frame["audio"]!.GetValue<int>() == 1_280);
    }

    [Fact]
    public async Task Resume_AtTheCloseEchoOnASocketDialledBefore_IsAccepted()
    {
        string? handle = null;
        var next = await DialAsync(Method + "?key=good");
        for (var i = 0; i < 50; i++)
        {
            using var socket = next;
            next = await DialAsync(Method + "?key=good");
            await SendAsync(socket, "{\"setup\":{\"model\":\"models/gemini-3.8-live\",\"sessionResumption\":{" + (handle is null ? "" : $"\"handle\":\"{handle}\"") + "}}}");
            handle = (string?)(await ReceiveAsync(socket, "newHandle"))["sessionResumptionUpdate"]!["newHandle"];
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", _timeout.Token);
        }
        next.Dispose();

        lock (_simulator.World.Gate)
            Assert.Equal(50, Assert.Single(_simulator.World.ReadSessions())!["connections"]!.AsArray().Count);
    }

    [Fact]
    public async Task ManyConversations_AtTheSameTime_AreKeptApart()
    {
        await Task.WhenAll(Enumerable.Range(0, 24).Select(async number =>
        {
            using var socket = await DialAsync(Method + "?key=good");
            await SendAsync(socket, """{"setup":{"model":"models/gemini-3.8-live","inputAudioTranscription":{},"systemInstruction":{"parts":[{"text":"x"}]}}}""");
            await ReceiveAsync(socket, "setupComplete");
            byte[] pcm = [.. TestSpeech.Words(number * 100, 10), .. TestSpeech.Silence(TimeSpan.FromSeconds(0.7))];
            foreach (var part in pcm.Chunk(640))
                await SendAsync(socket, VirtualClient.AudioFrame(part));
            var heard = "";
            while (!heard.EndsWith($" w{(number * 100) + 9}", StringComparison.Ordinal))
                heard += (string?)(await ReceiveAsync(socket, "inputTranscription"))["serverContent"]!["inputTranscription"]!["text"];
            Assert.Equal(string.Concat(Enumerable.Range(number * 100, 10).Select(word => $" w{word}")), heard);
            await ReceiveAsync(socket, "turnComplete");
        }));

        lock (_simulator.World.Gate)
        {
            var spoken = _simulator.World.ReadSessions().Select(session => TestSpeech.Decode(_simulator.World.ReadUserAudio((string)session!["session"]!)!)).ToList();
            Assert.Equal(24, spoken.Count);
            Assert.All(spoken, words => Assert.Equal(10, words.Count));
            Assert.Equal(240, spoken.SelectMany(words => words).Distinct().Count());
        }
    }

    [Theory]
    [InlineData(Method, 1008)]
    [InlineData(Method + "?key=bad", 1007)]
    public async Task Key_ThatIsWrong_IsClosedAfterTheUpgrade(string path, int code)
    {
        using var socket = await DialAsync(path);
        Assert.Null(await ReceiveAsync(socket));
        Assert.Equal(code, (int)socket.CloseStatus!);
    }

    [Fact]
    public async Task Faults_OfTheDial_AreRefusalAndReset()
    {
        await _http.DeleteAsync("/sim/v1/state", _timeout.Token);
        await _http.PostAsJsonAsync("/sim/v1/faults", JsonNode.Parse("""[{"action":"refuseConnect","connection":1,"status":503},{"action":"resetConnect","connection":2}]"""), _timeout.Token);

        var refused = await Assert.ThrowsAsync<WebSocketException>(() => DialAsync(Method + "?key=good"));
        Assert.Contains("503", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WebSocketException>(() => DialAsync(Method + "?key=good"));
        using var third = await DialAsync(Method + "?key=good");
        Assert.Equal(WebSocketState.Open, third.State);
    }

    [Fact]
    public async Task SlowPongs_KillAClientThatInsistsOnThem()
    {
        await _http.PostAsJsonAsync("/sim/v1/faults", JsonNode.Parse("""{"action":"slowPongs","phase":"idle","minMs":20000,"maxMs":25000}"""), _timeout.Token);
        using var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.FromMilliseconds(50);
        socket.Options.KeepAliveTimeout = TimeSpan.FromMilliseconds(300);
        await socket.ConnectAsync(new Uri($"ws://{_simulator.BaseUrl.Authority}{Method}?key=good"), _timeout.Token);
        await SendAsync(socket, """{"setup":{"model":"models/gemini-3.8-live"}}""");
        await ReceiveAsync(socket, "setupComplete");

        var lost = await Assert.ThrowsAnyAsync<Exception>(() => ReceiveAsync(socket));
        Assert.False(_timeout.IsCancellationRequested, lost.Message);
        Assert.Equal(WebSocketState.Aborted, socket.State);
    }

    [Fact]
    public async Task Abort_ByAFault_IsAResetOfTheConnection()
    {
        using var socket = await DialAsync(Method + "?key=good");
        await SendAsync(socket, """{"setup":{"model":"models/gemini-3.8-live"}}""");
        await ReceiveAsync(socket, "setupComplete");
        // An open connection is told of new faults.
        using var answer = await _http.PostAsJsonAsync("/sim/v1/faults", JsonNode.Parse("""{"action":"abort","phase":"idle"}"""), _timeout.Token);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);

        var lost = await Assert.ThrowsAsync<WebSocketException>(() => ReceiveAsync(socket));
        Assert.Equal(WebSocketError.ConnectionClosedPrematurely, lost.WebSocketErrorCode);
    }

    [Fact]
    public async Task Token_WithALockedSetup_OverridesTheClient()
    {
        using var created = await _http.PostAsJsonAsync("/v1alpha/auth_tokens", JsonNode.Parse(
            """{"uses":1,"bidiGenerateContentSetup":{"model":"models/gemini-3.8-live","sessionResumption":{}},"fieldMask":"model,sessionResumption"}"""), _timeout.Token);
        var token = (string?)(await created.Content.ReadFromJsonAsync<JsonObject>(_timeout.Token))!["name"];
        Assert.StartsWith("auth_tokens/", token, StringComparison.Ordinal);
        const string setup = """{"setup":{"model":"models/gemini-3.1-flash-live-preview"}}""";

        using var first = await DialAsync(Method + "Constrained?access_token=" + token);
        await SendAsync(first, setup);
        await ReceiveAsync(first, "setupComplete");
        await ReceiveAsync(first, "newHandle");
        var sessions = await _http.GetFromJsonAsync<JsonArray>("/sim/v1/sessions", _timeout.Token);
        Assert.Equal("gemini-3.8-live", (string?)sessions!.Last()!["model"]);

        using var second = await DialAsync(Method + "Constrained", ("Authorization", "Token " + token));
        await SendAsync(second, setup);
        Assert.Null(await ReceiveAsync(second));
        Assert.Equal(1007, (int)second.CloseStatus!);
    }

    [Fact]
    public async Task Rest_ModelsAndErrors_HaveGooglesShape()
    {
        var models = await _http.GetFromJsonAsync<JsonObject>("/v1beta/models", _timeout.Token);
        Assert.Contains(models!["models"]!.AsArray(), model => (string?)model!["name"] == "models/gemini-3.8-live"
            && model["supportedGenerationMethods"]!.AsArray().Any(method => (string?)method == "bidiGenerateContent"));
        using var missing = await _http.GetAsync("/v1beta/models/nobody", _timeout.Token);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("NOT_FOUND", (string?)(await missing.Content.ReadFromJsonAsync<JsonObject>(_timeout.Token))!["error"]!["status"]);
        using var bad = await _http.PostAsJsonAsync("/sim/v1/faults", JsonNode.Parse("""{"action":"explode"}"""), _timeout.Token);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    [Fact]
    public async Task GenerateContent_WithASchemaOrAFunction_IsValidForIt()
    {
        const string schema = """{"type":"OBJECT","properties":{"score":{"type":"INTEGER","minimum":0,"maximum":10},"mood":{"type":"STRING","enum":["calm","angry"]},"items":{"type":"ARRAY","items":{"type":"STRING"}},"customerName":{"type":"STRING"}},"required":["score"]}""";
        const string contents = """[{"role":"user","parts":[{"text":"I am angry. My score is 7 of 10. The customer name is Ada Lovelace."}]}]""";
        using var byFunction = await _http.PostAsJsonAsync("/v1beta/models/gemini-2.5-flash:generateContent", JsonNode.Parse(
            "{\"contents\":" + contents + ",\"tools\":[{\"functionDeclarations\":[{\"name\":\"report\",\"parameters\":" + schema + "}]}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"}}}"), _timeout.Token);
        var call = (await byFunction.Content.ReadFromJsonAsync<JsonObject>(_timeout.Token))!["candidates"]![0]!["content"]!["parts"]![0]!["functionCall"]!;
        Assert.Equal("report", (string?)call["name"]);
        Assert.Equal("""{"score":7,"mood":"angry","items":["unknown"],"customerName":"Ada Lovelace"}""", call["args"]!.ToJsonString());

        using var bySchema = await _http.PostAsJsonAsync("/v1beta/models/gemini-2.5-flash:generateContent", JsonNode.Parse(
            "{\"contents\":" + contents + ",\"generationConfig\":{\"responseMimeType\":\"application/json\",\"responseSchema\":" + schema + "}}"), _timeout.Token);
        var body = (await bySchema.Content.ReadFromJsonAsync<JsonObject>(_timeout.Token))!;
        Assert.Equal(call["args"]!.ToJsonString(), (string?)body["candidates"]![0]!["content"]!["parts"]![0]!["text"]);
        Assert.True(body["usageMetadata"]!["candidatesTokenCount"]!.GetValue<int>() > 0);

        using var wrong = await _http.PostAsJsonAsync("/v1beta/models/gemini-2.5-flash:generateContent", JsonNode.Parse("""{"prompt":"x"}"""), _timeout.Token);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        var error = (await wrong.Content.ReadFromJsonAsync<JsonObject>(_timeout.Token))!["error"]!;
        Assert.Equal("Invalid JSON payload received. Unknown name \"prompt\": Cannot find field.", (string?)error["message"]);
    }

    [Fact]
    public async Task Knobs_PostedInPart_ChangeOnlyThat()
    {
        using var changed = await _http.PostAsJsonAsync("/sim/v1/knobs", JsonNode.Parse("""{"handleCovers":"lastTurn"}"""), _timeout.Token);
        var knobs = await _http.GetFromJsonAsync<JsonObject>("/sim/v1/knobs", _timeout.Token);
        Assert.Equal("lastTurn", (string?)knobs!["handleCovers"]);
        Assert.Equal("atOnce", (string?)knobs["handleComes"]);
        using var wrong = await _http.PostAsJsonAsync("/sim/v1/knobs", JsonNode.Parse("""{"handleCover":"lastTurn"}"""), _timeout.Token);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public void DemoVoice_Clips_AreSpeechWithText()
    {
        Assert.Equal(5, Voice.DemoVoice.Clips.Count);
        Assert.All(Voice.DemoVoice.Clips, clip =>
        {
            Assert.InRange(clip.Pcm.Length / 48_000.0, 2, 10);
            Assert.NotEmpty(clip.Text);
            var peak = 0;
            for (var i = 0; i < clip.Pcm.Length; i += 2)
                peak = Math.Max(peak, Math.Abs((int)BitConverter.ToInt16(clip.Pcm.Span[i..])));
            Assert.InRange(peak, 15_000, 32_767);
        });
    }
}
