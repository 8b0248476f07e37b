using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.Simulator.Speech;

namespace Gemini.Live.Simulator.Tests;

/// <summary>Time that tests move.</summary>
internal sealed class VirtualTime
{
    public static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public DateTimeOffset Now { get; set; } = Start;
}

/// <summary>One connection to a <see cref="SimulatorWorld"/> without sockets, in virtual time.</summary>
internal sealed class VirtualClient
{
    private readonly LiveConnection _connection;
    private readonly VirtualTime _time;
    private int _next;

    public VirtualClient(SimulatorWorld world, VirtualTime time, ConnectRequest? request = null)
    {
        _time = time;
        _connection = ((DialVerdict.Accept)world.Dial(request ?? new ConnectRequest("v1beta", Constrained: false, "test-key-1234"))).Connection;
        Take(_connection.Opened(time.Now));
    }

    public List<(double Ms, JsonObject Frame)> Frames { get; } = [];

    public (int Code, string Reason)? Closed { get; private set; }

    public bool Aborted { get; private set; }

    public SimOutput.SlowPongs? Pongs { get; private set; }

    public string SessionId => _connection.SessionId ?? throw new InvalidOperationException($"No session; closed: {Closed}");

    public string? Handle => Frames.Select(frame => frame.Frame["sessionResumptionUpdate"]?["newHandle"]?.GetValue<string>()).LastOrDefault(handle => handle is not null);

    public static VirtualClient Open(SimulatorWorld world, VirtualTime time, string model = "gemini-3.8-live", string more = "", string? handle = null)
    {
        var client = new VirtualClient(world, time);
        var resumption = handle is null ? "{}" : $$$"""{"handle":"{{{handle}}}"}""";
        client.Send($$$"""{"setup":{"model":"models/{{{model}}}","generationConfig":{"responseModalities":["AUDIO"]},"sessionResumption":{{{resumption}}},"inputAudioTranscription":{},"outputAudioTranscription":{}{{{more}}}}}""");
        return client;
    }

    public string? SessionOrNull => _connection.SessionId;

    public void Send(string json) => Send(Encoding.UTF8.GetBytes(json));

    public void Send(byte[] frame) => Take(_connection.Received(frame, _time.Now));

    /// <summary>Sends PCM16 in frames of 20 ms and moves the time along with them.</summary>
    public void Speak(byte[] pcm, double speed = 1)
    {
        for (var at = 0; at < pcm.Length; at += 640)
        {
            var part = pcm.AsSpan(at, Math.Min(640, pcm.Length - at));
            Send(AudioFrame(part));
            Advance(TimeSpan.FromSeconds(part.Length / 32_000.0 / speed));
        }
    }

    public void SpeakWords(int first, int count) => Speak(TestSpeech.Words(first, count));

    public void Pause(double seconds) => Speak(TestSpeech.Silence(TimeSpan.FromSeconds(seconds)));

    public static string AudioFrame(ReadOnlySpan<byte> pcm) =>
        "{\"realtimeInput\":{\"audio\":{\"data\":\"" + Convert.ToBase64String(pcm) + "\",\"mimeType\":\"audio/pcm;rate=16000\"}}}";

    /// <summary>Lets time pass, stopping at each deadline.</summary>
    public void Advance(TimeSpan by)
    {
        var until = _time.Now + by;
        while (_connection.NextDeadline is { } due && due <= until)
        {
            if (due > _time.Now)
                _time.Now = due;
            Take(_connection.Elapsed(_time.Now));
        }
        _time.Now = until;
        Take(_connection.Elapsed(_time.Now));
    }

    /// <summary>The next frame that contains the text, behind the one that the last call found; time passes as needed.</summary>
    public JsonObject WaitFor(string part, double seconds = 60)
    {
        var until = _time.Now + TimeSpan.FromSeconds(seconds);
        while (true)
        {
            while (_next < Frames.Count)
            {
                var frame = Frames[_next++].Frame;
                if (frame.ToJsonString().Contains(part, StringComparison.Ordinal))
                    return frame;
            }
            if (_connection.NextDeadline is not { } due || due > until)
                throw new InvalidOperationException($"Nothing with {part} within {seconds} s; closed: {Closed}; frames: {string.Join('\n', Frames.TakeLast(8).Select(f => f.Frame.ToJsonString()[..Math.Min(120, f.Frame.ToJsonString().Length)]))}");
            Advance(due - _time.Now);
        }
    }

    public void Rearm() => Take(_connection.Rearm(_time.Now));

    public void Hangup(int? code = 1000) => Take(_connection.SocketClosed(code, "", _time.Now));

    public string Heard() => string.Concat(Frames.Select(frame => frame.Frame["serverContent"]?["inputTranscription"]?["text"]?.GetValue<string>()));

    public string Said() => string.Concat(Frames.Select(frame => frame.Frame["serverContent"]?["outputTranscription"]?["text"]?.GetValue<string>()));

    public byte[] Audio() => [.. Frames
        .Select(frame => frame.Frame["serverContent"]?["modelTurn"]?["parts"]?[0]?["inlineData"]?["data"]?.GetValue<string>())
        .Where(data => data is not null).SelectMany(data => Convert.FromBase64String(data!))];

    private void Take(IReadOnlyList<SimOutput> outputs)
    {
        foreach (var output in outputs)
        {
            switch (output)
            {
                case SimOutput.Send send:
                    Frames.Add(((_time.Now - VirtualTime.Start).TotalMilliseconds, JsonNode.Parse(send.Frame.Span)!.AsObject()));
                    break;
                case SimOutput.Close close:
                    Closed = (close.Code, close.Reason);
                    break;
                case SimOutput.Abort:
                    Aborted = true;
                    break;
                case SimOutput.SlowPongs slow:
                    Pongs = slow;
                    break;
            }
        }
    }
}
