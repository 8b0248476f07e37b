using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using Orchestrator.Testing;
using Orchestrator.Testing.Promises;

namespace Orchestrator.Bench.Cluster.Clients;

/// <summary>
/// One client that talks in real time, turn after turn, until it is told to stop, and keeps a record. When its front-end says
/// goAway it ends its turn, waits for the close and comes back at another.
/// </summary>
internal sealed class Caller(IReadOnlyList<string> frontEnds, int number, int seed)
{
    /// <summary>100 ms of audio in a frame: as many conversations as the machine takes, not as many frames.</summary>
    private const int FrameMs = 100;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(seed);
    private int _frontEnd;
    private RawLiveClient _client = null!;
    private bool _leaving;

    public int Number => number;

    public string ConversationId { get; private set; } = "";

    public List<SaidTurn> Said { get; } = [];

    public List<HeardFrame> Heard { get; } = [];

    /// <summary>Seconds from the end of a question to the end of its answer.</summary>
    public List<double> Waits { get; } = [];

    public int Answers { get; private set; }

    /// <summary>Times that it came back after a close that had been announced.</summary>
    public int Returns { get; private set; }

    /// <summary>Ends that the server had announced, and ends that it had not.</summary>
    public List<(LiveEnd End, bool Announced)> Ends { get; } = [];

    /// <summary>What ended it before it was told to stop.</summary>
    public string? Failure { get; private set; }

    public async Task TalkAsync(CancellationToken stop)
    {
        _frontEnd = number;
        try
        {
            _client = await ComeAsync(handle: null);
            ConversationId = _client.ConversationId;
            while (!stop.IsCancellationRequested)
            {
                await AskAsync();
                if (_leaving)
                {
                    await ComeBackAsync();
                }

                await Task.Delay(_random.Next(100, 600), CancellationToken.None);
            }

            await _client.CloseAsync();
        }
        catch (Exception failure)
        {
            Failure = $"{ConversationId} (caller {number}): {failure.Message.Split('\n')[0]}";
            if (_client is { Ended.IsCompleted: true })
            {
                Ends.Add((await _client.Ended, _leaving));
            }
        }
        finally
        {
            if (_client is not null)
            {
                await _client.DisposeAsync();
            }
        }
    }

    private async Task AskAsync()
    {
        var turn = Question.Of(number, Said.Count);
        Said.Add(turn);
        await SpeakAsync(Question.Speech(turn));
        var asked = Stopwatch.GetTimestamp();
        var cut = true;
        while (cut)
        {
            cut = await HearAsync();
        }

        Answers++;
        Waits.Add(Stopwatch.GetElapsedTime(asked).TotalSeconds);
    }

    private async Task SpeakAsync(ReadOnlyMemory<byte> speech)
    {
        var begun = Stopwatch.GetTimestamp();
        await _client.SendAsync("""{"realtimeInput":{"activityStart":{}}}""");
        for (var (at, sent) = (0, 0); at < speech.Length; at += FrameMs * 32, sent++)
        {
            var due = TimeSpan.FromMilliseconds(sent * FrameMs) - Stopwatch.GetElapsedTime(begun);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            await _client.SendAudioAsync(speech.Slice(at, Math.Min(FrameMs * 32, speech.Length - at)));
        }

        await _client.SendAsync("""{"realtimeInput":{"activityEnd":{}}}""");
    }

    /// <summary>Listens to the end of a turn of the model's.</summary>
    /// <returns>True when it was cut: the answer begins again.</returns>
    private async Task<bool> HearAsync()
    {
        var cut = false;
        while (true)
        {
            var frame = Take(await _client.NextAsync(_ => true, "the end of a turn", Longest));
            cut |= frame?.Interrupted == true;
            if (frame?.TurnComplete == true)
            {
                return cut;
            }
        }
    }

    private HeardFrame? Take(JsonElement message)
    {
        _leaving |= message.TryGetProperty("goAway", out _);
        var frame = HeardFrame.Read(message, DateTimeOffset.UtcNow);
        if (frame is not null)
        {
            Heard.Add(frame);
        }

        return frame;
    }

    private async Task ComeBackAsync()
    {
        Ends.Add((await _client.EndAsync(Longest), Announced: true));
        try
        {
            while (true)
            {
                Take(await _client.NextAsync(_ => true, "what is left", Longest));
            }
        }
        catch (InvalidOperationException)
        {
            // That was all.
        }

        var handle = _client.Handle;
        await _client.DisposeAsync();
        _leaving = false;
        _frontEnd++;
        _client = await ComeAsync(handle);
        Returns++;
        if (_client.ConversationId != ConversationId)
        {
            throw new InvalidOperationException($"came back as {_client.ConversationId}");
        }
    }

    /// <summary>Any front-end will do; one that is being restarted refuses.</summary>
    private async Task<RawLiveClient> ComeAsync(string? handle)
    {
        for (var begun = Stopwatch.GetTimestamp(); ; _frontEnd++)
        {
            try
            {
                var client = await RawLiveClient.ConnectAsync(frontEnds[_frontEnd % frontEnds.Count]);
                await client.SetUpAsync(handle: handle, instruction: Question.Instruction(number));
                return client;
            }
            catch (Exception refused) when (refused is WebSocketException or InvalidOperationException && Stopwatch.GetElapsedTime(begun) < Longest / 2)
            {
                await Task.Delay(_random.Next(100, 300));
            }
        }
    }
}
