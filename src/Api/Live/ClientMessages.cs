using System.Globalization;
using System.Text.Json;

namespace Orchestrator.Api.Live;

/// <summary>The messages that the edge itself sends to a client, in Google's shapes (dossier §3.1, §3.5).</summary>
internal static class ClientMessages
{
    public static byte[] SetupComplete(ConversationId conversation) =>
        JsonSerializer.SerializeToUtf8Bytes(new { setupComplete = new { sessionId = conversation.ToString() } });

    public static byte[] GoAway(TimeSpan timeLeft) =>
        JsonSerializer.SerializeToUtf8Bytes(new { goAway = new { timeLeft = string.Create(CultureInfo.InvariantCulture, $"{timeLeft.TotalSeconds:0.###}s") } });

    public static byte[] ResumptionUpdate(string handle) =>
        JsonSerializer.SerializeToUtf8Bytes(new { sessionResumptionUpdate = new { newHandle = handle, resumable = true } });
}

/// <summary>Closes that the edge decides; docs/protocol/live.md lists them.</summary>
internal static class EdgeCloses
{
    public static readonly Attach.EdgeClose SetupFirst = new(1007, "The first message must be 'setup'.");
    public static readonly Attach.EdgeClose SetupOnce = new(1007, "'setup' may be sent only once.");
    public static readonly Attach.EdgeClose SetupMissing = new(1008, "No 'setup' was received in time.");
    public static readonly Attach.EdgeClose Unread = new(1008, "Output was left unread for too long; resume the session to continue.");
    public static readonly Attach.EdgeClose MediaChunks = new(1007, "realtime_input.media_chunks is deprecated. Use audio, video, or text instead.");
}
