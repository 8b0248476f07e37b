using System.Net.Sockets;
using System.Text;
using Orchestrator.Bench.Load.Sockets;
using Orchestrator.Bench.Load.Traffic;

namespace Orchestrator.Bench.Load.Upstream;

/// <summary>
/// One connection to a model that answers every frame of its turn with a frame of audio of the same length and stamp, and
/// ends its turns as Gemini Live does: transcripts, <c>generationComplete</c>, <c>turnComplete</c> with usage, a handle.
/// The frames say themselves when the model is to speak, so that it has no clock.
/// </summary>
internal sealed class EchoSession(Socket socket, int number)
{
    private const int FramesPerWord = 15;
    private const int TokensPerTurn = 220;

    /// <summary>Silence after which a question that nobody tells it to answer is answered; a plan has half a second.</summary>
    private const int PatienceFrames = 40;

    private static readonly TimeSpan GoAwayNotice = TimeSpan.FromSeconds(10);

    private readonly RawSends _sends = new(socket);
    private readonly byte[] _model = RawFrame.Make(RawFrame.Binary, Frames.Model());
    private readonly int _stampAt = RawFrame.HeadSize(Frames.Model().Length, masked: false) + Frames.ModelPrefix.Length;
    private readonly byte[] _front = new byte[Frames.UserPrefix.Length + Stamp.Characters];
    private int _turns;
    private int _spoken;
    private int _silence = int.MinValue;
    private bool _speaks;

    public Task RunAsync(ReadOnlyMemory<byte> begun) => RawReceiver.RunAsync(socket, begun, Take);

    /// <summary>Ends the connection, now or soon.</summary>
    public async Task EndAsync(SessionEnd end)
    {
        switch (end)
        {
            case SessionEnd.Internal:
                _sends.Send(RawFrame.Make(RawFrame.Close, [1011 >> 8, 1011 & 0xFF, .. "Internal error encountered."u8]));
                break;
            case SessionEnd.GoAway:
                Say($"{{\"goAway\":{{\"timeLeft\":\"{GoAwayNotice.TotalSeconds:0}s\"}}}}");
                await Task.Delay(GoAwayNotice);
                Cut();
                break;
            default:
                Cut();
                break;
        }
    }

    private void Cut()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    private void Take(int opcode, Span<byte> payload, uint? key)
    {
        if (opcode is RawFrame.Text or RawFrame.Binary && payload.Length >= _front.Length && TakeAudio(payload[.._front.Length], key))
        {
            return;
        }

        if (key is { } mask)
        {
            RawFrame.Mask(payload, mask, 0);
        }

        switch (opcode)
        {
            case RawFrame.Ping:
                _sends.Send(RawFrame.Make(RawFrame.Pong, payload));
                break;
            case RawFrame.Close:
                _sends.Send(RawFrame.Make(RawFrame.Close, payload));
                socket.Shutdown(SocketShutdown.Send);
                break;
            case RawFrame.Text or RawFrame.Binary when payload.IndexOf("\"setup\""u8) is >= 0 and < 16:
                Say("""{"setupComplete":{}}""");
                SayHandle();
                break;
            default:
                break;
        }
    }

    /// <summary>Looks no further than the stamp.</summary>
    private bool TakeAudio(ReadOnlySpan<byte> front, uint? key)
    {
        front.CopyTo(_front);
        if (key is { } mask)
        {
            RawFrame.Mask(_front, mask, 0);
        }

        if (!_front.AsSpan().StartsWith(Frames.UserPrefix))
        {
            return false;
        }

        if (!Stamp.TryRead(_front.AsSpan(Frames.UserPrefix.Length), out _, out var part))
        {
            throw new InvalidDataException("Audio without a stamp.");
        }

        switch (part)
        {
            case Part.Echo:
                Speak();
                break;
            case Part.Speech when _speaks:
                EndTurn();
                _silence = 0;
                break;
            case Part.Speech:
                _silence = 0;
                break;
            case Part.Listen when _speaks:
                EndTurn();
                break;
            case Part.Listen when ++_silence == PatienceFrames:
                // What was to be echoed went to a connection that is lost; the user is owed an answer all the same.
                Speak();
                EndTurn();
                break;
            default:
                break;
        }

        return true;
    }

    private void Speak()
    {
        if (!_speaks)
        {
            (_speaks, _spoken, _silence) = (true, 0, int.MinValue);
            _turns++;
            Say("{\"serverContent\":{\"inputTranscription\":{\"text\":\" this is what I wanted to know, number " + _turns + "\"}}}");
            Say("""{"sessionResumptionUpdate":{}}""");
        }

        _front.AsSpan(Frames.UserPrefix.Length).CopyTo(_model.AsSpan(_stampAt));
        _sends.Send(_model);
        if (++_spoken % FramesPerWord == 0)
        {
            Say("""{"serverContent":{"outputTranscription":{"text":" word"}}}""");
        }
    }

    private void EndTurn()
    {
        _speaks = false;
        var (prompt, response) = (_turns * TokensPerTurn, _spoken * Frames.Milliseconds / 40);
        Say("""{"serverContent":{"generationComplete":true}}""");
        Say("{\"serverContent\":{\"turnComplete\":true},\"usageMetadata\":{"
            + $"\"promptTokenCount\":{prompt},\"responseTokenCount\":{response},\"totalTokenCount\":{prompt + response},"
            + $"\"promptTokensDetails\":[{{\"modality\":\"AUDIO\",\"tokenCount\":{prompt}}}],"
            + $"\"responseTokensDetails\":[{{\"modality\":\"AUDIO\",\"tokenCount\":{response}}}]}}}}");
        SayHandle();
    }

    private void SayHandle() => Say("{\"sessionResumptionUpdate\":{\"newHandle\":\"handle-" + number + "-" + _turns + "-abcdefghijklmnopqrstuvwxyz\",\"resumable\":true}}");

    private void Say(string json) => _sends.Send(RawFrame.Make(RawFrame.Binary, Encoding.UTF8.GetBytes(json)));
}
