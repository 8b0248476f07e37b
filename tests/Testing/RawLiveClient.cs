using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Orchestrator.Testing;

/// <summary>How a socket ended, as its client saw it; no code when there was no close frame.</summary>
public sealed record LiveEnd(int? Code, string Reason);

/// <summary>
/// A client without manners: sends any bytes, in any order. For what an unmodified client would never do,
/// and for tests that need thousands of cheap turns.
/// </summary>
public sealed class RawLiveClient : IAsyncDisposable
{
    public const string Path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";

    private readonly ClientWebSocket socket;
    private readonly Channel<JsonElement> messages = Channel.CreateUnbounded<JsonElement>();
    private readonly TaskCompletionSource handled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<LiveEnd> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<JsonElement> skipped = new();
    private readonly CancellationTokenSource abandon = new();

    private RawLiveClient(ClientWebSocket socket, string? conversationHeader, bool reading)
    {
        this.socket = socket;
        ConversationHeader = conversationHeader;
        if (reading)
        {
            _ = ReadAsync();
        }
    }

    /// <summary>The header <c>x-conversation-id</c> of the upgrade response.</summary>
    public string? ConversationHeader { get; }

    /// <summary>The id from <c>setupComplete.sessionId</c>, once <see cref="SetUpAsync"/> is done.</summary>
    public string ConversationId { get; private set; } = "";

    /// <summary>The newest resumption handle that the server gave out.</summary>
    public string? Handle { get; private set; }

    /// <summary>All model audio so far.</summary>
    public MemoryStream Audio { get; } = new();

    /// <summary>Completes when the socket has ended, however it did.</summary>
    public Task<LiveEnd> Ended => ended.Task;

    /// <summary>Frames that came in as text rather than binary; Google sends none.</summary>
    public int TextFrames { get; private set; }

    public int Messages { get; private set; }

    /// <exception cref="WebSocketException">The upgrade was refused; <see cref="RefusedStatusAsync"/> tells with what.</exception>
    public static async Task<RawLiveClient> ConnectAsync(string url, string? key = "acme-key", string path = Path, bool reading = true, string query = "")
    {
        var dialled = NewSocket(key);
        await Patience.For(dialled.ConnectAsync(Address(url, path, query), CancellationToken.None), $"the upgrade of {path}");
        var header = dialled.HttpResponseHeaders?.FirstOrDefault(h => h.Key.Equals("x-conversation-id", StringComparison.OrdinalIgnoreCase)).Value?.FirstOrDefault();
        return new RawLiveClient(dialled, header, reading);
    }

    /// <summary>The HTTP status with which an upgrade is refused; null when it is accepted.</summary>
    public static async Task<int?> RefusedStatusAsync(string url, string? key, string path = Path, string query = "")
    {
        using var dialled = NewSocket(key);
        try
        {
            await Patience.For(dialled.ConnectAsync(Address(url, path, query), CancellationToken.None), "the answer to an upgrade");
            return null;
        }
        catch (WebSocketException)
        {
            return (int)dialled.HttpStatusCode;
        }
    }

    /// <summary>Sends a setup and waits for <c>setupComplete</c>.</summary>
    public async Task SetUpAsync(string model = "gemini-3.8-live", bool manual = true, string? handle = null, bool resumable = true, string? instruction = null)
    {
        await SendAsync(SetupJson(model, manual, handle, resumable, instruction));
        var complete = await NextAsync(m => m.TryGetProperty("setupComplete", out _), "setupComplete");
        ConversationId = complete.GetProperty("setupComplete").TryGetProperty("sessionId", out var id) ? id.GetString()! : "";
    }

    /// <summary>The newest handle; waits for the first one, which comes in a frame of its own after <c>setupComplete</c>.</summary>
    public async Task<string> HandleAsync()
    {
        await Patience.For(handled.Task, "a resumption handle", state: Seen);
        return Handle!;
    }

    public static string SetupJson(string model = "gemini-3.8-live", bool manual = true, string? handle = null, bool resumable = true, string? instruction = null) =>
        JsonSerializer.Serialize(new
        {
            setup = new Dictionary<string, object>
            {
                ["model"] = $"models/{model}",
                ["generationConfig"] = new { responseModalities = new[] { "AUDIO" } },
                ["systemInstruction"] = new { parts = new[] { new { text = instruction } } },
                ["inputAudioTranscription"] = new { },
                ["outputAudioTranscription"] = new { },
                ["realtimeInputConfig"] = manual
                    ? new { automaticActivityDetection = new { disabled = true }, turnCoverage = "TURN_INCLUDES_ONLY_ACTIVITY" }
                    : (object)new { },
                ["sessionResumption"] = (handle, resumable) switch
                {
                    (not null, _) => new { handle },
                    _ => new { },
                },
            }.Where(entry => (resumable || entry.Key is not "sessionResumption") && (instruction is not null || entry.Key is not "systemInstruction")).ToDictionary(),
        });

    public Task SendAsync(string json) => SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text);

    public async Task SendAsync(ReadOnlyMemory<byte> bytes, WebSocketMessageType type) =>
        await Patience.For(socket.SendAsync(bytes, type, endOfMessage: true, CancellationToken.None).AsTask(), "a frame to be sent");

    public Task SendAudioAsync(ReadOnlyMemory<byte> pcm) =>
        SendAsync("{\"realtimeInput\":{\"audio\":{\"data\":\"" + Convert.ToBase64String(pcm.Span) + "\",\"mimeType\":\"audio/pcm;rate=16000\"}}}");

    /// <summary>A whole user turn between marks, as fast as the socket takes it.</summary>
    public async Task SpeakAsync(ReadOnlyMemory<byte> pcm, int chunkBytes = 640)
    {
        await SendAsync("""{"realtimeInput":{"activityStart":{}}}""");
        for (var at = 0; at < pcm.Length; at += chunkBytes)
        {
            await SendAudioAsync(pcm.Slice(at, Math.Min(chunkBytes, pcm.Length - at)));
        }
        await SendAsync("""{"realtimeInput":{"activityEnd":{}}}""");
    }

    /// <summary>The next message that fits, in order; those before it are passed over.</summary>
    public async Task<JsonElement> NextAsync(Func<JsonElement, bool> fits, string what, TimeSpan? limit = null)
    {
        while (true)
        {
            var message = await NextMessageAsync(what, limit);
            if (fits(message))
            {
                return message;
            }
            skipped.Enqueue(message);
        }
    }

    public Task<JsonElement> TurnCompleteAsync() => NextAsync(IsTurnComplete, "turnComplete");

    public static bool IsTurnComplete(JsonElement message) =>
        message.TryGetProperty("serverContent", out var content) && content.TryGetProperty("turnComplete", out var complete) && complete.GetBoolean();

    public static bool HasAudio(JsonElement message) =>
        message.TryGetProperty("serverContent", out var content) && content.TryGetProperty("modelTurn", out var turn)
        && turn.TryGetProperty("parts", out var parts) && parts.EnumerateArray().Any(p => p.TryGetProperty("inlineData", out _));

    public async Task<LiveEnd> EndAsync(TimeSpan? limit = null) => await Patience.For(Ended, $"the end of the socket of conversation {ConversationId}", limit, Seen);

    /// <summary>Closes with a code, or with an empty close frame, and waits for the answer.</summary>
    public async Task<LiveEnd> CloseAsync(WebSocketCloseStatus code = WebSocketCloseStatus.NormalClosure)
    {
        await socket.CloseOutputAsync(code, code == WebSocketCloseStatus.Empty ? null : "", CancellationToken.None);
        return await EndAsync();
    }

    /// <summary>Drops the connection without a close frame.</summary>
    public void Abort() => socket.Abort();

    public async ValueTask DisposeAsync()
    {
        await abandon.CancelAsync();
        socket.Abort();
        socket.Dispose();
    }

    private async Task<JsonElement> NextMessageAsync(string what, TimeSpan? limit)
    {
        var next = messages.Reader.ReadAsync().AsTask();
        try
        {
            return await Patience.For(next, $"{what} of conversation {ConversationId}", limit, Seen);
        }
        catch (ChannelClosedException e)
        {
            var end = await Ended;
            throw new InvalidOperationException($"The socket of conversation {ConversationId} ended with {end.Code?.ToString() ?? "no close frame"} \"{end.Reason}\" before {what}.{Environment.NewLine}{Seen()}", e);
        }
    }

    private static ClientWebSocket NewSocket(string? key)
    {
        var made = new ClientWebSocket();
        made.Options.KeepAliveInterval = TimeSpan.Zero;
        made.Options.CollectHttpResponseDetails = true;
        made.Options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        if (key is not null)
        {
            made.Options.SetRequestHeader("x-goog-api-key", key);
        }
        return made;
    }

    private static Uri Address(string url, string path, string query) =>
        new($"{url.Replace("http", "ws", StringComparison.Ordinal)}{path}{query}");

    private string Seen() => $"{Messages} messages came in; passed over lately: {string.Join(' ', skipped.TakeLast(5).Select(m => Shorten(m.GetRawText())))}";

    private static string Shorten(string text) => text.Length <= 160 ? text : text[..160] + "…";

    private async Task ReadAsync()
    {
        var buffer = new byte[65536];
        var frame = new MemoryStream();
        LiveEnd end;
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer.AsMemory(), abandon.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    end = new LiveEnd((int?)socket.CloseStatus, socket.CloseStatusDescription ?? "");
                    break;
                }
                frame.Write(buffer, 0, part.Count);
                if (part.EndOfMessage)
                {
                    TextFrames += part.MessageType == WebSocketMessageType.Text ? 1 : 0;
                    Take(JsonElement.Parse(frame.ToArray()));
                    frame.SetLength(0);
                }
            }
            if (socket.State == WebSocketState.CloseReceived)
            {
                await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.Empty, "", CancellationToken.None);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or JsonException)
        {
            end = new LiveEnd(null, e.Message);
        }
        messages.Writer.Complete();
        ended.TrySetResult(end);
    }

    private void Take(JsonElement message)
    {
        Messages++;
        if (message.TryGetProperty("sessionResumptionUpdate", out var update) && update.TryGetProperty("newHandle", out var handle))
        {
            Handle = handle.GetString();
            handled.TrySetResult();
        }
        if (HasAudio(message))
        {
            foreach (var part in message.GetProperty("serverContent").GetProperty("modelTurn").GetProperty("parts").EnumerateArray())
            {
                if (part.TryGetProperty("inlineData", out var data))
                {
                    Audio.Write(data.GetProperty("data").GetBytesFromBase64());
                }
            }
        }
        messages.Writer.TryWrite(message);
    }
}
