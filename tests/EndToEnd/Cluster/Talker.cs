using System.Text.Json;
using Gemini.Live.Simulator.Speech;
using Orchestrator.Testing;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>
/// A client whose user says numbered words, no word twice and none that another talker says, and that keeps count. What the
/// model and the journal know of it is judged by <see cref="EverythingOnce"/>.
/// </summary>
internal sealed class Talker : IAsyncDisposable
{
    private const int WordsOfOne = 10_000;

    private readonly List<string> _said = [];
    private readonly MemoryStream _heard = new();
    private string? _handle;
    private int _next;

    private Talker(int number, RawLiveClient client) => (_next, Client) = (number * WordsOfOne, client);

    /// <summary>The socket; another one after each return.</summary>
    public RawLiveClient Client { get; private set; }

    public string ConversationId => Client.ConversationId;

    /// <summary>Every word so far, as the model should know them.</summary>
    public IReadOnlyList<string> Said => _said;

    /// <summary>Turns that it saw complete, and not cut.</summary>
    public int Completed { get; private set; }

    /// <summary>All model audio that it heard, over all its sockets.</summary>
    public byte[] Heard => [.. _heard.ToArray(), .. Client.Audio.ToArray()];

    /// <param name="number">Whose words it says; differs between the talkers of a world.</param>
    public static async Task<Talker> ConnectAsync(string url, int number)
    {
        var client = await RawLiveClient.ConnectAsync(url);
        await client.SetUpAsync();
        return new Talker(number, client);
    }

    /// <summary>Comes back on a new socket with the newest handle that it has; the old one may have ended before any came.</summary>
    public async Task ReturnAsync(string url)
    {
        var old = Client;
        _handle = old.Handle ?? _handle ?? throw new InvalidOperationException("The talker has never been given a handle.");
        var client = await RawLiveClient.ConnectAsync(url);
        await client.SetUpAsync(handle: _handle);
        _heard.Write(old.Audio.ToArray());
        Client = client;
        await old.DisposeAsync();
    }

    /// <summary>A whole turn: question and answer.</summary>
    public async Task TurnAsync(int words = 3)
    {
        await BeginAsync(words);
        await EndAsync();
        await AnswerAsync();
    }

    /// <summary>Begins to speak.</summary>
    public async Task BeginAsync(int words)
    {
        await Client.SendAsync("""{"realtimeInput":{"activityStart":{}}}""");
        await SayAsync(words);
    }

    /// <summary>Speaks on.</summary>
    public async Task SayAsync(int words)
    {
        const int frame = 640;
        var pcm = TestSpeech.Words(_next, words);
        for (var at = 0; at < pcm.Length; at += frame)
        {
            await Client.SendAudioAsync(pcm.AsMemory(at, Math.Min(frame, pcm.Length - at)));
        }

        _said.AddRange(Enumerable.Range(_next, words).Select(word => $"w{word}"));
        _next += words;
    }

    /// <summary>Falls silent, and wants an answer.</summary>
    public Task EndAsync() => Client.SendAsync("""{"realtimeInput":{"activityEnd":{}}}""");

    /// <summary>Waits for the answer's end; one that is cut comes again.</summary>
    public async Task AnswerAsync()
    {
        bool cut;
        do
        {
            cut = false;
            await Client.NextAsync(
                message =>
                {
                    cut |= Is(message, "interrupted");
                    return RawLiveClient.IsTurnComplete(message);
                },
                "the end of an answer");
        }
        while (cut);
        Completed++;
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    private static bool Is(JsonElement message, string member) =>
        message.TryGetProperty("serverContent", out var content) && content.TryGetProperty(member, out var value) && value.GetBoolean();
}
