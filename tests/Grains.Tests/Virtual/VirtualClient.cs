using Xunit;
using System.Text;
using System.Text.Json.Nodes;
using Gemini.Live.Audio;
using Gemini.Live.Simulator.Speech;
using Orchestrator.Attach;
using Orchestrator.Testing;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>One output frame as the client has it.</summary>
/// <param name="Life">Activation of the conversation; output is numbered anew in each.</param>
internal sealed record Heard(int Life, long Seq, DateTimeOffset At, byte[] Audio, bool Interrupted, bool TurnComplete, string Input, string Output);

/// <summary>
/// A client with a microphone: 20 ms frames in virtual real time, words from a queue and silence (or noise) between them.
/// Its socket may vanish and come back; output that it had not confirmed by then is output that it never got.
/// </summary>
internal sealed class VirtualClient
{
    private const int FrameBytes = 640;

    private readonly ManualTime _time;
    private readonly Random _random;
    private readonly Schedule _schedule;
    private readonly Queue<byte[]> _speech = new();
    private readonly Queue<(byte[] Frame, InputTraits Traits, int AudioMs)> _backlog = new();
    private readonly byte[] _quiet;
    private readonly ITimer _tick;
    private int _quietAt;
    private ValueTask _credit;

    public VirtualClient(ManualTime time, Random random, Schedule schedule)
    {
        (_time, _random, _schedule) = (time, random, schedule);
        _quiet = schedule.Noise == 0 ? TestSpeech.Silence(1_000.Ms()) : TestSpeech.Noise(1_000.Ms(), schedule.Seed, schedule.Noise);
        _tick = time.CreateTimer(_ => Tick(), null, 20.Ms(), 20.Ms());
    }

    /// <summary>Everything that the client has, in order.</summary>
    public List<Heard> Output { get; } = [];

    public EdgeClose? Closed { get; private set; }

    public Socket? Current { get; private set; }

    public DateTimeOffset SpokeAt { get; private set; }

    /// <summary>Called for each turnComplete that is new: life, its number, number of the turnComplete before.</summary>
    public Action<int, long, long> TurnEnded { get; set; } = (_, _, _) => { };

    public bool IsSpeaking => _speech.Count > 0 || _backlog.Count > 0;

    public Socket Dial(int life)
    {
        Closed = null;
        _credit = default;
        return Current = new Socket(this, life);
    }

    public void Say(byte[] pcm)
    {
        if (_schedule.Manual)
        {
            _speech.Enqueue("""{"realtimeInput":{"activityStart":{}}}"""u8.ToArray());
        }

        for (var at = 0; at < pcm.Length; at += FrameBytes)
        {
            _speech.Enqueue(pcm.AsSpan(at, Math.Min(FrameBytes, pcm.Length - at)).ToArray());
        }

        if (_schedule.Manual)
        {
            _speech.Enqueue("""{"realtimeInput":{"activityEnd":{}}}"""u8.ToArray());
        }
    }

    /// <summary>The socket is gone without a word. Pongs on their way are lost with it.</summary>
    public void Vanish(int? code = null)
    {
        if (Current is { } socket)
        {
            Current = null;
            Output.RemoveAll(heard => heard.Life == socket.Life && heard.Seq > socket.Confirmed);
            socket.Attachment?.Detach(code, "gone");
        }
    }

    private void Tick()
    {
        if (Current?.Attachment is null)
        {
            return;
        }

        if (_speech.TryDequeue(out var next))
        {
            SpokeAt = _time.GetUtcNow();
            Push(next);
            // Marks take no time: the first and the last frame of a turn come with them.
            while (next[0] == '{' && _speech.TryDequeue(out next))
            {
                Push(next);
            }

            if (_speech.TryPeek(out var last) && last[0] == '{' && _speech.Count == 1)
            {
                Push(_speech.Dequeue());
            }
        }
        else if (!_schedule.Manual)
        {
            Push(_quiet.AsSpan(_quietAt, FrameBytes).ToArray());
            _quietAt = (_quietAt + FrameBytes) % _quiet.Length;
        }
        else
        {
            Flush();
        }
    }

    private void Push(byte[] content)
    {
        if (content[0] == '{' && content[^1] == '}')
        {
            _backlog.Enqueue((content, content.AsSpan().IndexOf("Start"u8) > 0 ? InputTraits.ActivityStart : InputTraits.ActivityEnd, 0));
        }
        else
        {
            var base64 = Convert.ToBase64String(content);
            var voiced = PcmLevel.IsVoiced(Encoding.ASCII.GetBytes(base64), -60);
            _backlog.Enqueue((
                Encoding.ASCII.GetBytes("{\"realtimeInput\":{\"audio\":{\"data\":\"" + base64 + "\",\"mimeType\":\"audio/pcm;rate=16000\"}}}"),
                InputTraits.Audio | (voiced ? InputTraits.Voiced : InputTraits.None),
                content.Length / 32));
        }

        Flush();
    }

    /// <summary>As the edge does: reads no further while credit is withheld.</summary>
    private void Flush()
    {
        while (_credit.IsCompleted && Current?.Attachment is { } attachment && _backlog.TryDequeue(out var next))
        {
            // Only valid during the call.
            var buffer = next.Frame.ToArray();
            _credit = attachment.PushAsync(new InputFrame(buffer, next.Traits, next.AudioMs));
            Array.Clear(buffer);
        }
    }

    /// <summary>The grain's view of the client's socket.</summary>
    internal sealed class Socket(VirtualClient client, int life) : IEdge
    {
        private long _unconfirmedMs;

        public int Life => life;

        public IAttachment? Attachment { get; private set; }

        public long Confirmed { get; private set; }

        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
            Attachment = attachment;
            Confirmed = client.Output.Where(heard => heard.Life == life).Select(heard => heard.Seq).DefaultIfEmpty(0).Max();
        }

        public void Deliver(in OutputFrame frame)
        {
            Assert.True(client.Current == this, "Output for a socket that is gone.");
            Assert.Null(client.Closed);
            var last = client.Output.LastOrDefault(heard => heard.Life == life)?.Seq ?? 0;
            Assert.True(frame.Seq > last, $"Output {frame.Seq} after {last}.");
            var content = JsonNode.Parse(frame.Payload.Span)!["serverContent"];
            var ends = content?["turnComplete"] is not null;
            Assert.Equal((frame.Traits & OutputTraits.TurnComplete) != 0, ends);
            if (ends)
            {
                var before = client.Output.LastOrDefault(heard => heard.Life == life && heard.TurnComplete)?.Seq ?? -1;
                client.TurnEnded(life, frame.Seq, before);
            }

            client.Output.Add(new Heard(
                life,
                frame.Seq,
                client._time.GetUtcNow(),
                Audio(content),
                content?["interrupted"] is not null,
                ends,
                content?["inputTranscription"]?["text"]?.GetValue<string>() ?? "",
                content?["outputTranscription"]?["text"]?.GetValue<string>() ?? ""));
            _unconfirmedMs += frame.AudioMs;
            if (_unconfirmedMs >= 500 || ends)
            {
                _unconfirmedMs = 0;
                Confirm(frame.Seq);
            }
        }

        public void Close(EdgeClose close)
        {
            Assert.Null(client.Closed);
            if (client.Current == this)
            {
                client.Closed = close;
                client.Current = null;
            }
        }

        private void Confirm(long seq) => client._time.After(client._random.Next(10, 200).Ms(), () =>
        {
            if (client.Current == this && seq > Confirmed)
            {
                Confirmed = seq;
                Attachment!.Acknowledge(seq);
            }
        });

        private static byte[] Audio(JsonNode? content)
        {
            var parts = content?["modelTurn"]?["parts"]?.AsArray() ?? [];
            return [.. parts.Select(part => part?["inlineData"]?["data"]?.GetValue<string>()).Where(data => data is not null).SelectMany(data => Convert.FromBase64String(data!))];
        }
    }
}
