using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Gemini.Live.Simulator.Speech;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Recovery;

/// <summary>A frame as it was sent; the n-th, from 1, has the input position n.</summary>
internal readonly record struct SentFrame(int AudioMs, bool Voiced);

/// <summary>One question and its answer, on the talker's own clock (milliseconds).</summary>
internal sealed class TalkTurn
{
    public double AskedAt { get; set; } = double.NaN;

    /// <summary>Frames sent up to the end of the question.</summary>
    public int AskedFrames { get; set; }

    public double FirstAudioAt { get; set; } = double.NaN;

    /// <summary>The gateway said that the reply was cut.</summary>
    public double CutAt { get; set; } = double.NaN;

    /// <summary>First audio of the reply's second beginning.</summary>
    public double AgainAt { get; set; } = double.NaN;

    public bool IsAnswered { get; set; }

    public double Latency => FirstAudioAt - AskedAt;
}

/// <summary>
/// A client that talks in real time, 20 ms a frame: with an open microphone that never stops, or in marked turns. Looks
/// at frames only as closely as it must, so that many of them cost little.
/// </summary>
internal sealed class Talker(string url, int number, bool manual, string? key) : IAsyncDisposable
{
    public const int WordsPerTurn = 4;
    public const int WordsPerTalker = 1_000;
    private const int FrameMs = 20;
    private const int FrameBytes = FrameMs * 32;

    private static readonly byte[] Silence = Frame(new byte[FrameBytes]);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly Stopwatch _clock = new();
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _interrupted;
    private bool _heard;
    private double _due;

    public bool Manual => manual;

    public string ConversationId { get; private set; } = "";

    /// <summary>From the dial to <c>setupComplete</c>.</summary>
    public double SetupMs { get; private set; }

    public List<TalkTurn> Turns { get; } = [];

    public List<SentFrame> Sent { get; } = [];

    /// <summary>Why it ended early; null when it was answered to the end.</summary>
    public string? Failure { get; private set; }

    public IEnumerable<int> Words => Enumerable.Range(number * WordsPerTalker, Turns.Count * WordsPerTurn);

    public async Task TalkAsync(int turns)
    {
        try
        {
            await SetUpAsync();
            for (var turn = 0; turn < turns; turn++)
            {
                await PauseAsync(TimeSpan.FromMilliseconds(350 + (number * 37 % 200)));
                await AskAsync(TestSpeech.Words((number * WordsPerTalker) + (turn * WordsPerTurn), WordsPerTurn));
                await AnswerAsync();
            }

            // What a model remembers of the last turn is complete when upstream has said so.
            await PauseAsync(TimeSpan.FromMilliseconds(300));
        }
        catch (Exception e) when (e is WebSocketException or TimeoutException or InvalidOperationException)
        {
            Failure = e.Message;
        }
    }

    public async Task HangUpAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static byte[] Frame(ReadOnlySpan<byte> pcm) =>
        Encoding.ASCII.GetBytes("{\"realtimeInput\":{\"audio\":{\"data\":\"" + Convert.ToBase64String(pcm) + "\",\"mimeType\":\"audio/pcm;rate=16000\"}}}");

    private async Task SetUpAsync()
    {
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
        _socket.Options.SetRequestHeader("x-goog-api-key", key ?? "test");
        _clock.Start();
        await _socket.ConnectAsync(new Uri(url.Replace("http", "ws", StringComparison.Ordinal) + RawLiveClient.Path), CancellationToken.None);
        _ = ReadAsync();
        await _socket.SendAsync(Encoding.UTF8.GetBytes(RawLiveClient.SetupJson(manual: manual)), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        var complete = JsonElement.Parse(await _ready.Task.WaitAsync(AnswerLimit)).GetProperty("setupComplete");
        SetupMs = _clock.Elapsed.TotalMilliseconds;
        ConversationId = complete.TryGetProperty("sessionId", out var id) ? id.GetString()! : "";
        _due = SetupMs;
    }

    private async Task PauseAsync(TimeSpan length)
    {
        for (var until = _clock.Elapsed + length; _clock.Elapsed < until;)
        {
            await ListenAsync();
        }
    }

    private async Task AskAsync(byte[] speech)
    {
        if (manual)
        {
            await SendAsync("""{"realtimeInput":{"activityStart":{}}}"""u8.ToArray(), default);
        }

        _due = Math.Max(_due, _clock.Elapsed.TotalMilliseconds);
        for (var at = 0; at < speech.Length; at += FrameBytes)
        {
            await TickAsync();
            await SendAsync(Frame(speech.AsSpan(at, FrameBytes)), new SentFrame(FrameMs, Voiced: true));
        }

        var turn = new TalkTurn { AskedFrames = Sent.Count };
        lock (_gate)
        {
            (_interrupted, _heard) = (false, false);
            _answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Turns.Add(turn);
            turn.AskedAt = _clock.Elapsed.TotalMilliseconds;
        }

        if (manual)
        {
            await SendAsync("""{"realtimeInput":{"activityEnd":{}}}"""u8.ToArray(), default);
        }
    }

    private async Task AnswerAsync()
    {
        var answered = _answered.Task;
        for (var until = _clock.Elapsed + AnswerLimit; !answered.IsCompleted;)
        {
            if (_clock.Elapsed > until)
            {
                throw new TimeoutException($"Turn {Turns.Count} was not answered.");
            }

            await ListenAsync();
        }

        await answered;
    }

    /// <summary>20 ms of a microphone that hears nothing.</summary>
    private async Task ListenAsync()
    {
        await TickAsync();
        if (!manual)
        {
            await SendAsync(Silence, new SentFrame(FrameMs, Voiced: false));
        }
    }

    private async Task TickAsync()
    {
        _due += FrameMs;
        var wait = _due - _clock.Elapsed.TotalMilliseconds;
        if (wait > 1)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(wait));
        }
    }

    private async Task SendAsync(byte[] frame, SentFrame sent)
    {
        Sent.Add(sent);
        await _socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[65_536];
        var count = 0;
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(count), CancellationToken.None);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    throw new InvalidOperationException($"Closed with {(int?)_socket.CloseStatus} {_socket.CloseStatusDescription}");
                }

                count += part.Count;
                if (part.EndOfMessage)
                {
                    Take(buffer.AsSpan(0, count));
                    count = 0;
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or ObjectDisposedException)
        {
            lock (_gate)
            {
                _answered.TrySetException(new InvalidOperationException(e.Message));
                _ready.TrySetException(new InvalidOperationException(e.Message));
            }
        }
    }

    private void Take(ReadOnlySpan<byte> message)
    {
        var now = _clock.Elapsed.TotalMilliseconds;
        if (Turns.Count == 0)
        {
            if (message.IndexOf("\"setupComplete\""u8) >= 0)
            {
                _ready.TrySetResult(Encoding.UTF8.GetString(message));
            }

            return;
        }

        lock (_gate)
        {
            var turn = Turns[^1];
            if (message.IndexOf("\"inlineData\""u8) >= 0)
            {
                turn.FirstAudioAt = double.IsNaN(turn.FirstAudioAt) ? now : turn.FirstAudioAt;
                turn.AgainAt = !double.IsNaN(turn.CutAt) && double.IsNaN(turn.AgainAt) ? now : turn.AgainAt;
                _heard = true;
            }

            if (message.IndexOf("\"interrupted\""u8) >= 0)
            {
                turn.CutAt = double.IsNaN(turn.CutAt) ? now : turn.CutAt;
                _interrupted = true;
            }

            if (message.IndexOf("\"turnComplete\""u8) >= 0)
            {
                if (_heard && !_interrupted)
                {
                    turn.IsAnswered = true;
                    _answered.TrySetResult();
                }

                (_interrupted, _heard) = (false, false);
            }
        }
    }
}
