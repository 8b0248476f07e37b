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
internal sealed record Heard(int Life, long Seq, DateTimeOffset At, byte[] Audio, bool Interrupted, bool TurnComplete, string Input, string Output)
{
    /// <summary>More turns answer the same request.</summary>
    public bool InProgress { get; init; }

    public bool Generated { get; init; }
}

/// <summary>A function call as the client has it.</summary>
/// <param name="Asked">What tells calls apart: their arguments.</param>
internal sealed record SeenCall(int Life, long Seq, string Id, string Asked, DateTimeOffset At)
{
    public DateTimeOffset? AnsweredAt { get; set; }

    public bool Cancelled { get; set; }

    /// <summary>The socket vanished before the client had confirmed that it has it.</summary>
    public bool Forgotten { get; set; }

    public bool IsOpen => AnsweredAt is null && !Cancelled && !Forgotten;

    public override string ToString() => $"asked {Asked} as {Id}, {(AnsweredAt is { } at ? $"answered after {(at - At).TotalMilliseconds} ms" : "not answered")}{(Cancelled ? ", cancelled" : "")}{(Forgotten ? ", forgotten" : "")}";
}

/// <summary>One frame that the client sent, at its input position.</summary>
/// <param name="Word">Number of the word that it is a part of; 0 for none.</param>
internal readonly record struct SentFrame(DateTimeOffset At, int AudioMs, bool Voiced, int Word);

/// <summary>
/// A client with a microphone, a keyboard, a camera and functions: 20 ms frames in virtual real time, words from a queue and
/// silence (or noise) between them. Its socket may vanish and come back; output that it had not confirmed by then is output
/// that it never got.
/// </summary>
internal sealed class VirtualClient
{
    private const int FrameBytes = 640;
    private const int WordBytes = TestSpeech.WordSamples * 2;

    private readonly ManualTime _time;
    private readonly Random _random;
    private readonly Schedule _schedule;
    private readonly Queue<Frame> _speech = new();
    private readonly Queue<Frame> _backlog = new();
    private readonly Frame[] _quiet;
    private int _quietAt;
    private ValueTask _credit;

    public VirtualClient(ManualTime time, Random random, Schedule schedule)
    {
        (_time, _random, _schedule) = (time, random, schedule);
        var quiet = schedule.Noise == 0 ? TestSpeech.Silence(20.Ms()) : TestSpeech.Noise(1_000.Ms(), schedule.Seed, schedule.Noise);
        _quiet = [.. quiet.Chunk(FrameBytes).Select(pcm => Audio(pcm, 0))];
        _ = time.CreateTimer(_ => Tick(), null, 20.Ms(), 20.Ms());
    }

    /// <summary>Everything that the client has, in order.</summary>
    public List<Heard> Output { get; } = [];

    public List<SeenCall> Calls { get; } = [];

    /// <summary>Everything that was handed to the grain; in the first life the place is the input position.</summary>
    public List<SentFrame> Sent { get; } = [];

    public EdgeClose? Closed { get; private set; }

    public DateTimeOffset ClosedAt { get; private set; }

    public Socket? Current { get; private set; }

    /// <summary>When the user last said or wrote something.</summary>
    public DateTimeOffset SpokeAt { get; private set; }

    /// <summary>Called for each turnComplete that is new: life, its number, number of the turnComplete before.</summary>
    public Action<int, long, long> TurnEnded { get; set; } = (_, _, _) => { };

    /// <summary>Words in the middle of which the socket vanished.</summary>
    public List<int> LeftInMidSpeech { get; } = [];

    public bool IsSpeaking => _speech.Count > 0 || _backlog.Count > 0;

    public IEdge Dial(int life)
    {
        Closed = null;
        _credit = default;
        Current = new Socket(this, life);
        return _schedule.SiloLosses.Count == 0 ? Current : Current.Relayed(_time);
    }

    public void Say(PlannedTurn turn)
    {
        var pcm = TestSpeech.Words(turn.First, turn.Count);
        if (_schedule.Manual)
        {
            _speech.Enqueue(Mark("activityStart", InputTraits.ActivityStart));
        }

        for (var at = 0; at < pcm.Length; at += FrameBytes)
        {
            _speech.Enqueue(Audio(pcm.AsSpan(at, Math.Min(FrameBytes, pcm.Length - at)), turn.First + (at / WordBytes)));
        }

        if (_schedule.Manual)
        {
            _speech.Enqueue(Mark("activityEnd", InputTraits.ActivityEnd));
        }

        for (var i = 0; i < turn.Images; i++)
        {
            _time.After(_random.Next(0, 600).Ms(), () => Push(Json("""{"realtimeInput":{"video":{"data":"/9j/4AAQSkZJRg==","mimeType":"image/jpeg"}}}""", InputTraits.Video)));
        }
    }

    public void Write(PlannedTurn turn)
    {
        SpokeAt = _time.GetUtcNow();
        Push(turn.Manner == Manner.Typed
            ? Json($$$"""{"realtimeInput":{"text":"{{{turn.Text}}}"}}""", InputTraits.Text, turn.Last)
            : Json($$$"""{"clientContent":{"turns":[{"role":"user","parts":[{"text":"{{{turn.Text}}}"}]}],"turnComplete":true}}""", InputTraits.ClientContent | InputTraits.ContentComplete, turn.Last));
    }

    /// <summary>What was not said yet never will be.</summary>
    public void FallSilent()
    {
        _speech.Clear();
        _backlog.Clear();
    }

    /// <summary>The socket is gone without a word. Pongs on their way are lost with it.</summary>
    public void Vanish(int? code = null)
    {
        if (Current is { } socket)
        {
            Current = null;
            if (IsSpeaking && Sent.Count > 0 && Sent[^1].Word > 0)
            {
                LeftInMidSpeech.Add(Sent[^1].Word);
            }

            Output.RemoveAll(heard => heard.Life == socket.Life && heard.Seq > socket.Confirmed);
            foreach (var call in Calls.Where(call => call.Life == socket.Life && call.Seq > socket.Confirmed && call.IsOpen))
            {
                call.Forgotten = true;
            }

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
            while (next.AudioMs == 0 && _speech.TryDequeue(out next))
            {
                Push(next);
            }

            if (_speech.TryPeek(out var last) && last.AudioMs == 0 && _speech.Count == 1)
            {
                Push(_speech.Dequeue());
            }
        }
        else if (!_schedule.Manual)
        {
            Push(_quiet[_quietAt]);
            _quietAt = (_quietAt + 1) % _quiet.Length;
        }
        else
        {
            Flush();
        }
    }

    private void Push(in Frame frame)
    {
        _backlog.Enqueue(frame);
        Flush();
    }

    /// <summary>As the edge does: reads no further while credit is withheld.</summary>
    private void Flush()
    {
        while (_credit.IsCompleted && Current?.Attachment is { } attachment && _backlog.TryDequeue(out var next))
        {
            Sent.Add(new SentFrame(_time.GetUtcNow(), next.AudioMs, (next.Traits & InputTraits.Voiced) != 0, next.Word));
            // Only valid during the call.
            var buffer = next.Payload.ToArray();
            _credit = attachment.PushAsync(new InputFrame(buffer, next.Traits, next.AudioMs));
            Array.Clear(buffer);
            if (next.Answers is { } call && Current is { } socket && socket.Life == call.Life)
            {
                socket.Confirmed = Math.Max(socket.Confirmed, call.Seq);
            }
        }
    }

    private static Frame Audio(ReadOnlySpan<byte> pcm, int word)
    {
        var base64 = Convert.ToBase64String(pcm);
        var voiced = PcmLevel.IsVoiced(Encoding.ASCII.GetBytes(base64), -60);
        return new Frame(
            Encoding.ASCII.GetBytes("{\"realtimeInput\":{\"audio\":{\"data\":\"" + base64 + "\",\"mimeType\":\"audio/pcm;rate=16000\"}}}"),
            InputTraits.Audio | (voiced ? InputTraits.Voiced : InputTraits.None),
            pcm.Length / 32,
            word);
    }

    private static Frame Mark(string name, InputTraits traits) => Json("{\"realtimeInput\":{\"" + name + "\":{}}}", traits);

    private static Frame Json(string json, InputTraits traits, int word = 0) => new(Encoding.UTF8.GetBytes(json), traits, 0, word);

    private void Answer(SeenCall call)
    {
        if (!call.IsOpen || Closed is not null)
        {
            return;
        }

        call.AnsweredAt = _time.GetUtcNow();
        var response = new JsonObject { ["id"] = call.Id, ["name"] = "look", ["response"] = new JsonObject { ["found"] = ResultOf(call.Asked) } };
        Push(Json(new JsonObject { ["toolResponse"] = new JsonObject { ["functionResponses"] = new JsonArray(response) } }.ToJsonString(), InputTraits.ToolResponse) with { Answers = call });
    }

    /// <summary>What the function answers; no other text has it in it.</summary>
    public static string ResultOf(string asked) => $"found-{asked}";

    private readonly record struct Frame(byte[] Payload, InputTraits Traits, int AudioMs, int Word)
    {
        /// <summary>The call that this answers: who answers has it.</summary>
        public SeenCall? Answers { get; init; }
    }

    /// <summary>The grain's view of the client's socket.</summary>
    internal sealed class Socket(VirtualClient client, int life) : IEdge
    {
        private long _unconfirmedMs;
        private long _durable;

        private EdgeRelay? _relay;
        private IEdge? _served;
        private readonly Guid _name = Guid.CreateVersion7(client._time.GetUtcNow());
        private int _attempts;

        public int Life => life;

        /// <summary>What makes the client's session outlive a silo, if this world loses any.</summary>
        public EdgeRelay? Relay => _relay;

        public IEdge Relayed(ManualTime time)
        {
            _relay = new EdgeRelay(this, 8 * 1024 * 1024, time, _ => { });
            return Next();
        }

        public IEdge Next() => _served = _relay!.Next();

        /// <summary>Who attaches, and with which try; one more with each.</summary>
        public (Guid Client, int Attempt)? Who => _relay is null ? null : (_name, ++_attempts);

        public void LoseSilo() => _relay!.Lost(_served!, "lost");

        public IAttachment? Attachment { get; private set; }

        public long Confirmed { get; set; }

        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
            Attachment = attachment;
            Confirmed = client.Output.Where(heard => heard.Life == life).Select(heard => heard.Seq).DefaultIfEmpty(0).Max();
        }

        public void Durable(long inputSeq)
        {
            Assert.True(inputSeq >= _durable, $"Input {inputSeq} is durable after {_durable} was.");
            _durable = inputSeq;
        }

        public void Deliver(in OutputFrame frame)
        {
            Assert.True(client.Current == this, "Output for a socket that is gone.");
            Assert.Null(client.Closed);
            var last = client.Output.LastOrDefault(heard => heard.Life == life)?.Seq ?? 0;
            Assert.True(frame.Seq > last, $"Output {frame.Seq} after {last}.");
            var message = JsonNode.Parse(frame.Payload.Span)!;
            var content = message["serverContent"];
            Assert.True(
                message["goAway"] is null && message["sessionResumptionUpdate"] is null && message["setupComplete"] is null,
                $"The client got {message.AsObject().First().Key}, which is upstream's.");
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
                content?["outputTranscription"]?["text"]?.GetValue<string>() ?? "")
            {
                InProgress = content?["interactionStatus"]?.GetValue<string>() == "IN_PROGRESS",
                Generated = content?["generationComplete"] is not null,
            });
            Tools(message, frame.Seq);
            _unconfirmedMs += frame.AudioMs;
            if (_unconfirmedMs >= 500 || (frame.Traits & (OutputTraits.TurnComplete | OutputTraits.Words)) != 0)
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
                client.ClosedAt = client._time.GetUtcNow();
                client.Current = null;
            }
        }

        private void Tools(JsonNode message, long seq)
        {
            foreach (var call in message["toolCall"]?["functionCalls"]?.AsArray() ?? [])
            {
                var seen = new SeenCall(life, seq, call!["id"]!.GetValue<string>(), call["args"]!["asked"]!.GetValue<string>(), client._time.GetUtcNow());
                client.Calls.Add(seen);
                client._time.After(client._schedule.ToolTakes.Of(client._random)(), () => client.Answer(seen));
            }

            foreach (var id in message["toolCallCancellation"]?["ids"]?.AsArray() ?? [])
            {
                foreach (var call in client.Calls.Where(call => call.Id == id!.GetValue<string>()))
                {
                    call.Cancelled = true;
                }
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
