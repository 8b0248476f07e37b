using System.Diagnostics;
using System.Text.Json;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster;

/// <summary>One client that talks in real time, turn after turn, until it is told to stop.</summary>
internal sealed class Caller(string url, ReadOnlyMemory<byte> speech, int seed)
{
    /// <summary>100 ms of audio in a frame: as many conversations as the machine takes, not as many frames.</summary>
    private const int FrameMs = 100;

    private readonly Random _random = new(seed);

    public string ConversationId { get; private set; } = "";

    /// <summary>Turns that the client saw complete and uninterrupted.</summary>
    public int Completed { get; private set; }

    /// <summary>Replies that began again.</summary>
    public int Cut { get; private set; }

    /// <summary>What went wrong, if anything did.</summary>
    public string? Failure { get; private set; }

    public async Task TalkAsync(CancellationToken stop)
    {
        try
        {
            await using var client = await RawLiveClient.ConnectAsync(url);
            await client.SetUpAsync();
            ConversationId = client.ConversationId;
            while (!stop.IsCancellationRequested)
            {
                await SpeakAsync(client);
                await ReplyAsync(client);
                await Task.Delay(_random.Next(100, 600), CancellationToken.None);
            }

            await client.CloseAsync();
        }
        catch (Exception failure)
        {
            Failure = $"{ConversationId}: {failure.Message.Split('\n')[0]}";
        }
    }

    private async Task SpeakAsync(RawLiveClient client)
    {
        var begun = Stopwatch.GetTimestamp();
        await client.SendAsync("""{"realtimeInput":{"activityStart":{}}}""");
        for (var (at, sent) = (0, 0); at < speech.Length; at += FrameMs * 32, sent++)
        {
            var due = TimeSpan.FromMilliseconds(sent * FrameMs) - Stopwatch.GetElapsedTime(begun);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }

            await client.SendAudioAsync(speech.Slice(at, Math.Min(FrameMs * 32, speech.Length - at)));
        }

        await client.SendAsync("""{"realtimeInput":{"activityEnd":{}}}""");
    }

    /// <summary>Waits for the answer; one that is cut comes again.</summary>
    private async Task ReplyAsync(RawLiveClient client)
    {
        while (true)
        {
            var cut = false;
            await client.NextAsync(
                message =>
                {
                    cut |= Has(message, "interrupted");
                    return Has(message, "turnComplete");
                },
                "the end of a turn",
                TimeSpan.FromSeconds(60));
            if (!cut)
            {
                Completed++;
                return;
            }

            Cut++;
        }
    }

    private static bool Has(JsonElement message, string member) =>
        message.TryGetProperty("serverContent", out var content) && content.TryGetProperty(member, out var value) && value.GetBoolean();
}
