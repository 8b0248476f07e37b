using System.Text;
using Gemini.Live.WebSockets;

namespace Orchestrator.Silo.WarmUp;

/// <summary>One connection of the model that a warm-up talks to: answers when enough silence follows speech, without a clock.</summary>
/// <param name="answered">Counts the replies of all connections, and says how this one goes.</param>
internal sealed class WarmUpModel(LiveServerSocket socket, Func<int> answered) : IServerSocketHandler
{
    private const int SilenceFrames = 5;
    private const int ReplyWords = 5;
    private const int FramesPerWord = 10;

    private static readonly byte[] Audio = Encoding.ASCII.GetBytes(
        "{\"serverContent\":{\"modelTurn\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"audio/pcm;rate=24000\",\"data\":\"" + Convert.ToBase64String(new byte[960]) + "\"}}]}}}");

    private bool _spokenTo;
    private bool _leaves;
    private int _silence;

    public ValueTask OnFrameAsync(ReadOnlyMemory<byte> payload, bool binary)
    {
        if (payload.Span.StartsWith("{\"setup\""u8))
        {
            Say("""{"setupComplete":{}}""");
            SayHandle();
        }
        else if (payload.Span.StartsWith("{\"clientContent\""u8))
        {
            // A connection that could not be resumed is told what was said, and confirms it.
            Speak(words: 1);
            EndTurn();
        }
        else if (payload.Span.SequenceEqual(WarmUpTalk.Speech))
        {
            (_spokenTo, _silence) = (true, 0);
        }
        else if (_spokenTo && !_leaves && ++_silence == SilenceFrames)
        {
            _spokenTo = false;
            Answer(answered());
        }

        return ValueTask.CompletedTask;
    }

    public void OnPing(ReadOnlySpan<byte> payload)
    {
    }

    public void OnPong(ReadOnlySpan<byte> payload)
    {
    }

    /// <param name="reply">Number of the reply, from 1. The second is the loss of its connection, so that the third is to the same question; it is followed by goAway, and the rest is for the next connection.</param>
    private void Answer(int reply)
    {
        if (reply == 2)
        {
            socket.Close(1011, "Internal error encountered.");
            return;
        }

        Say("""{"serverContent":{"inputTranscription":{"text":"Is everything in its place?"}}}""");
        Speak(ReplyWords);
        EndTurn();
        if (reply == 3)
        {
            _leaves = true;
            Say("""{"goAway":{"timeLeft":"0.050s"}}""");
        }
    }

    private void Speak(int words)
    {
        for (var i = 0; i < words; i++)
        {
            Say("""{"serverContent":{"outputTranscription":{"text":" Yes."}}}""");
            for (var j = 0; j < FramesPerWord; j++)
            {
                socket.TrySend(Audio, binary: true);
            }
        }
    }

    private void EndTurn()
    {
        Say("""{"serverContent":{"generationComplete":true}}""");
        Say("""{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":200,"responseTokenCount":25,"totalTokenCount":225,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":200}],"responseTokensDetails":[{"modality":"AUDIO","tokenCount":25}]}}""");
        SayHandle();
    }

    private void SayHandle() => Say("""{"sessionResumptionUpdate":{"newHandle":"a-handle-of-the-warm-up","resumable":true}}""");

    private void Say(string json) => socket.TrySend(Encoding.UTF8.GetBytes(json), binary: true);
}
