using Gemini.Live.Simulator.Sessions;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>Everything that the real service refuses, with its words (dossier §5.1).</summary>
public sealed class RefusalTests
{
    private const string Generic = "Request contains an invalid argument.";
    private const string Live38 = "gemini-3.8-live";
    private const string Thinking38 = "gemini-3.8-live-extended-thinking";
    private const string Flash31 = "gemini-3.1-flash-live-preview";
    private const string Native25 = "gemini-2.5-flash-native-audio-preview-12-2025";
    private const string Manual = ""","realtimeInputConfig":{"automaticActivityDetection":{"disabled":true}}""";

    /// <summary>Members of a setup beside the model, and the close that they get.</summary>
    public static TheoryData<string, string, int, string> Setups => new()
    {
        { Live38, "\"x\":1", 1007, "Invalid JSON payload received. Unknown name \"x\" at 'setup': Cannot find field." },
        { Live38, "\"generationConfig\":{\"speechConfig\":{\"voice\":\"Kore\"}}", 1007, "Invalid JSON payload received. Unknown name \"voice\" at 'setup.generation_config.speech_config': Cannot find field." },
        { Live38, "\"enableAffectiveDialog\":true", 1007, "Invalid JSON payload received. Unknown name \"enableAffectiveDialog\" at 'setup': Cannot find field." },
        { Live38, "\"toolConfig\":{}", 1007, "Invalid JSON payload received. Unknown name \"toolConfig\" at 'setup': Cannot find field." },
        { Live38, "\"explicitVadSignal\":true", 1007, "Invalid JSON payload received. Unknown name \"explicitVadSignal\" at 'setup': Cannot find field." },
        { Live38, "\"sessionResumption\":{\"transparent\":true}", 1007, "Invalid JSON payload received. Unknown name \"transparent\" at 'setup.session_resumption': Cannot find field." },
        { Live38, "\"realtimeInputConfig\":{\"activityHandling\":\"LOUD\"}", 1007, "Invalid value at 'setup.realtime_input_config.activity_handling' (type.googleapis.com/google.ai.generativelanguage." },
        { Live38, "\"generationConfig\":{\"temperature\":\"warm\"}", 1007, "Invalid value at 'setup.generation_config.temperature' (TYPE_FLOAT), \"warm\"" },
        { Live38, "\"tools\":{\"functionDeclarations\":[{\"name\":\"9lives\"}]}", 1007, Generic },
        { Live38, "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{\"type\":\"OBJECT\"},\"parametersJsonSchema\":{}}]}]", 1007, Generic },
        { Live38, "\"tools\":[{\"codeExecution\":{}}]", 1007, Generic },
        { Live38, "\"tools\":[{\"function_declarations\":[{\"name\":\"f\",\"behavior\":\"ASYNC\"}]}]", 1007, "Invalid value at 'setup.tools[0].function_declarations[0].behavior' (type.googleapis.com/google.ai.generativelanguage.v1b" },
        { Live38, "\"generationConfig\":{\"responseModalities\":[\"TEXT\"]}", 1007, Generic },
        { Native25, "\"generationConfig\":{\"responseModalities\":[\"TEXT\"]}", 1007, Generic },
        { Flash31, "\"generation_config\":{\"response_modalities\":[\"TEXT\"]}", 1007, Generic },
        { Live38, "\"generationConfig\":{\"responseMimeType\":\"application/json\"}", 1007, Generic },
        { Live38, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"LOW\"}}", 1007, Generic },
        { Live38, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":0}}", 1007, Generic },
        { Thinking38, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"MINIMAL\"}}", 1007, Generic },
        { Thinking38, "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"behavior\":\"BLOCKING\"}]}]", 1007, Generic },
        { Live38, "\"proactivity\":{\"proactiveAudio\":false}", 1007, Generic },
        { Flash31, "\"proactivity\":{\"proactiveAudio\":true}", 1007, Generic },
        { Flash31, "\"generationConfig\":{\"enableAffectiveDialog\":true}", 1007, Generic },
        { Native25, "\"tools\":[{\"googleSearch\":{}},{\"functionDeclarations\":[{\"name\":\"f\"}]}]", 1007, Generic },
        { Live38, "\"contextWindowCompression\":{}", 1007, Generic },
        { Live38, "\"systemInstruction\":\"Be brief.\"", 1007, "Invalid value at 'setup.system_instruction' (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), \"Be brief.\"" },
        { Live38, "\"sessionResumption\":{\"handle\":\"nobody\"}", 1008, "Requested entity was not found." },
        { "gemini-2.0-flash-live-001", "\"labels\":{}", 1008, "models/gemini-2.0-flash-live-001 is not found for API version v1beta, or is not supported for bidiGenerateContent. C" },
    };

    [Theory]
    [MemberData(nameof(Setups))]
    public void Setup_WithWhatTheModelForbids_IsClosed(string model, string members, int code, string reason)
    {
        var client = new VirtualClient(new SimulatorWorld(new SimulatorOptions()), new VirtualTime());
        client.Send($$$"""{"setup":{"model":"models/{{{model}}}",{{{members}}}}}""");
        client.Advance(TimeSpan.FromSeconds(1));

        Assert.NotNull(client.Closed);
        Assert.Equal(code, client.Closed.Value.Code);
        Assert.StartsWith(reason, client.Closed.Value.Reason, StringComparison.Ordinal);
        // The close frame has room for 123 bytes.
        Assert.True(client.Closed.Value.Reason.Length <= 123, client.Closed.Value.Reason);
        Assert.Empty(client.Frames);
    }

    /// <summary>Members that a setup may have.</summary>
    public static TheoryData<string, string> GoodSetups => new()
    {
        { Live38, "\"generation_config\":{\"response_modalities\":[\"AUDIO\"],\"speechConfig\":{\"voiceConfig\":{\"prebuiltVoiceConfig\":{\"voiceName\":\"Kore\"}},\"language_code\":\"en-US\"}}" },
        { Live38, "\"tools\":[{\"googleSearch\":{}},{\"functionDeclarations\":[{\"name\":\"get_bill\",\"parameters\":{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\",\"enum\":[\"x\"]}},\"required\":[\"a\"]}}]}]" },
        { Live38, "\"contextWindowCompression\":{\"triggerTokens\":\"25000\",\"slidingWindow\":{\"targetTokens\":8000}}" },
        { Live38, "\"contextWindowCompression\":{\"slidingWindow\":{}},\"historyConfig\":{\"initialHistoryInClientContent\":true}" },
        { Live38, "\"proactivity\":{\"proactiveAudio\":true}" },
        { Live38, "\"generationConfig\":{\"enableAffectiveDialog\":true}" },
        { Thinking38, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"LOW\",\"includeThoughts\":true}}" },
        { Flash31, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":128}}" },
        { Native25, "\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":0},\"enableAffectiveDialog\":true},\"proactivity\":{\"proactiveAudio\":false}" },
        { Native25, "\"systemInstruction\":{\"parts\":[{\"text\":\"Be brief.\"}]},\"safetySettings\":[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":\"BLOCK_NONE\"}],\"labels\":{\"a\":\"b\"}" },
    };

    [Theory]
    [MemberData(nameof(GoodSetups))]
    public void Setup_WithWhatTheModelTakes_Completes(string model, string members)
    {
        var client = new VirtualClient(new SimulatorWorld(new SimulatorOptions()), new VirtualTime());
        client.Send($$$"""{"setup":{"model":"models/{{{model}}}",{{{members}}}}}""");

        Assert.Null(client.Closed);
        Assert.Equal("""{"setupComplete":{}}""", client.Frames[0].Frame.ToJsonString());
    }

    /// <summary>Model, setup members, frames sent after setupComplete (one per line), and the close of the last.</summary>
    public static TheoryData<string, string, string, int, string> Contents => new()
    {
        { Live38, "", """{"setup":{"model":"models/gemini-3.8-live"}}""", 1007, Generic },
        { Live38, "", "nonsense", 1007, "Invalid JSON payload received. Unexpected token." },
        { Live38, "", "{}", 1007, Generic },
        { Live38, "", """{"realtimeInput":{"text":"\ud800"}}""", 1007, "Invalid JSON payload received. Unexpected token." },
        { Live38, "", """{"realtimeInput":{"text":"a","text":"b"}}""", 1007, "Invalid JSON payload received. Duplicate name \"text\" at 'realtime_input'." },
        { Live38, "", """{"config":{}}""", 1007, "Invalid JSON payload received. Unknown name \"config\": Cannot find field." },
        { Live38, "", """{"realtimeInput":{"text":"a"},"clientContent":{"turnComplete":true}}""", 1007, "Invalid value at 'client_content' (oneof), oneof field 'realtimeInput' is already set. Cannot set 'clientContent'" },
        { Live38, "", """{"realtimeInput":{"mediaChunks":[{"mimeType":"audio/pcm","data":"AAAA"}]}}""", 1007, "realtime_input.media_chunks is deprecated. Use audio, video, or text instead." },
        { Live38, "", """{"clientContent":{"turns":[{"parts":[{"text":"hi"}]}],"turnComplete":true}}""", 1007, Generic },
        { Flash31, "", """{"clientContent":{"turns":[{"parts":[{"text":"hi"}]}]}}""", 1007, Generic },
        { Live38, "", """{"clientContent":{"contents":[]}}""", 1007, "Invalid JSON payload received. Unknown name \"contents\" at 'client_content': Cannot find field." },
        { Live38, "", """{"clientContent":{"turns":[{"role":"system","parts":[{"text":"hi"}]}]}}""", 1007, Generic },
        { Live38, "", """{"clientContent":{"turns":[{"role":"model","parts":[{"functionCall":{"name":"f"}}]}]}}""", 1007, Generic },
        { Live38, "", """{"clientContent":{"turns":[{"role":"user","parts":[{"inlineData":{"mimeType":"audio/pcm","data":"AAAA"}}]}]}}""", 1007, Generic },
        { Native25, "", """{"clientContent":{"turns":[{"role":"model","parts":[{"text":"hi"}]}],"turnComplete":true}}""", 1007, Generic },
        { Live38, Manual, """{"realtimeInput":{"audio":{"data":"AAAA","mimeType":"audio/pcm;rate=16000"}}}""", 1007, Generic },
        { Live38, Manual, """{"realtimeInput":{"activityEnd":{}}}""", 1007, Generic },
        { Live38, Manual, "{\"realtimeInput\":{\"activityStart\":{}}}\n{\"realtimeInput\":{\"activityStart\":{}}}", 1007, Generic },
        { Live38, Manual, """{"realtimeInput":{"audioStreamEnd":true}}""", 1007, Generic },
        { Live38, "", """{"realtimeInput":{"activityStart":{}}}""", 1007, Generic },
        { Live38, "", """{"realtimeInput":{"activityEnd":{}}}""", 1007, Generic },
        { Live38, "", """{"realtimeInput":{"audio":{"data":"AAAA"}}}""", 1007, Generic },
        { Live38, "", """{"realtimeInput":{"audio":{"data":"A*A","mimeType":"audio/pcm"}}}""", 1007, "Invalid value at 'realtime_input.audio.data' (TYPE_BYTES), \"A*A\"" },
        { Live38, "", """{"toolResponse":{"functionResponses":[{"id":"call_1","name":"f","response":{}}]}}""", 1007, Generic },
        { Live38, "", """{"toolResponse":{"functionResponses":[{"id":"a","name":"f","response":{},"scheduling":"INTERRUPTED"}]}}""", 1007, "Invalid value at 'tool_response.function_responses[0].scheduling' (type.googleapis.com/google.ai.generativelanguage.v1beta.S" },
        { Live38, ""","historyConfig":{"initialHistoryInClientContent":true}""", """{"realtimeInput":{"text":"a"}}""", 1007, Generic },
        { Native25, "", """{"contextUpdate":{"systemInstruction":{"parts":[{"text":"x"}]}}}""", 1007, "Invalid JSON payload received. Unknown name \"contextUpdate\": Cannot find field." },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void Frame_ThatBreaksARule_IsClosed(string model, string members, string frames, int code, string reason)
    {
        var client = VirtualClient.Open(new SimulatorWorld(new SimulatorOptions()), new VirtualTime(), model, members);
        var lines = frames.Split('\n');
        foreach (var line in lines)
        {
            Assert.Null(client.Closed);
            client.Send(line);
        }

        Assert.Equal((code, reason[..Math.Min(reason.Length, 123)]), client.Closed);
    }

    [Fact]
    public void AffectiveDialog_On38_ClosesAtTheFirstContentFrame()
    {
        var client = new VirtualClient(new SimulatorWorld(new SimulatorOptions()), new VirtualTime());
        client.Send("""{"setup":{"model":"models/gemini-3.8-live","generationConfig":{"enableAffectiveDialog":true}}}""");
        client.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(client.Closed);

        client.Send("""{"realtimeInput":{"text":"hello"}}""");

        Assert.Equal((1007, Generic), client.Closed);
    }

    [Fact]
    public void Frame_BeforeSetup_IsClosed()
    {
        var client = new VirtualClient(new SimulatorWorld(new SimulatorOptions()), new VirtualTime());
        client.Send("""{"realtimeInput":{"text":"hello"}}""");

        Assert.Equal((1007, Generic), client.Closed);
    }

    [Fact]
    public void NoSetup_AfterItsTime_IsClosed()
    {
        var client = new VirtualClient(new SimulatorWorld(new SimulatorOptions()), new VirtualTime());
        client.Advance(TimeSpan.FromSeconds(61));

        Assert.Equal((1011, "Deadline expired before operation could complete."), client.Closed);
    }

    [Theory]
    [InlineData(false, null, 1008, "Method doesn't allow unregistered callers")]
    [InlineData(false, "wrong", 1007, "API key not valid. Please pass a valid API key.")]
    [InlineData(false, "auth_tokens/abc", 1007, "API key not valid. Please pass a valid API key.")]
    [InlineData(true, "right", 1008, "Method doesn't allow unregistered callers")]
    [InlineData(true, "auth_tokens/abc", 1007, "API key not valid. Please pass a valid API key.")]
    public void Credential_ThatIsNone_IsClosedAfterTheUpgrade(bool constrained, string? credential, int code, string reason)
    {
        var world = new SimulatorWorld(new SimulatorOptions { ApiKeys = ["right"] });
        var client = new VirtualClient(world, new VirtualTime(), new ConnectRequest("v1beta", constrained, credential));

        Assert.Equal(code, client.Closed?.Code);
        Assert.StartsWith(reason, client.Closed?.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HandleRefusal.InvalidHandle, 1007, "Invalid session handle")]
    [InlineData(HandleRefusal.SessionNotFound, 1008, "BidiGenerateContent session not found")]
    [InlineData(HandleRefusal.EntityNotFound, 1008, "Requested entity was not found.")]
    public void Handle_Unknown_IsRefusedInTheFormOfTheKnob(HandleRefusal form, int code, string reason)
    {
        var world = new SimulatorWorld(new SimulatorOptions { Knobs = { HandleRefusal = form } });
        var client = VirtualClient.Open(world, new VirtualTime(), handle: "0b6e7c1e-5a0e-4d0e-9f53-2f6a6a1f0c11");

        Assert.Equal((code, reason), client.Closed);
    }
}
