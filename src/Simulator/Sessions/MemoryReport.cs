using System.Security.Cryptography;
using System.Text.Json;
using Gemini.Live.Simulator.Speech;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>The oracle's answers: what a session's context contains, as data. Call under the world's gate.</summary>
internal static class MemoryReport
{
    public static object Sessions(SimulatorWorld world) => world.Sessions.Select(session => new
    {
        session = session.Id,
        model = session.Model.Id,
        instruction = session.FirstSetup?.Instruction ?? "",
        apiKey = session.ApiKey.Length > 4 ? session.ApiKey[^4..] : session.ApiKey,
        connections = session.Connections.Select(connection => new
        {
            connection = connection.Number,
            openedAt = connection.OpenedAt,
            closedAt = connection.ClosedAt,
            closeCode = connection.CloseCode,
            closeReason = connection.CloseReason,
        }).ToList(),
        open = session.Current is not null,
        tokens = (int)session.Memory.Tokens,
    }).ToList();

    public static object Memory(SimSession session) => new
    {
        session = session.Id,
        model = session.Model.Id,
        compressions = session.Memory.Compressions,
        entries = Entries(session, session.Memory),
    };

    public static object Wire(SimSession session) => session.Wire.Select(frame => new
    {
        ms = Math.Round(frame.Ms, 1),
        direction = frame.Received ? "received" : "sent",
        connection = frame.Connection,
        bytes = frame.Bytes,
        audio = frame.Audio,
        transcript = frame.Audio > 0 ? frame.Text : null,
        frame = frame.Audio > 0 || frame.Text is null ? (JsonElement?)null : JsonDocument.Parse(frame.Text).RootElement,
    }).ToList();

    /// <summary>Every sample of the user's that the context contains, in order.</summary>
    public static byte[] UserAudio(SimSession session)
    {
        using var audio = new MemoryStream();
        foreach (var entry in session.Memory.Entries.Where(entry => entry.Kind == MemoryKind.Audio))
            audio.Write(entry.Pcm);
        return audio.ToArray();
    }

    private static List<object> Entries(SimSession session, SessionMemory memory)
    {
        var report = new List<object>();
        var decoder = new TestSpeechDecoder();
        var lastAudio = memory.Count - 1;
        while (lastAudio >= 0 && memory.Entries[lastAudio].Kind != MemoryKind.Audio)
            lastAudio--;
        for (var i = 0; i < memory.Count;)
        {
            var first = memory.Entries[i];
            if (first.Kind != MemoryKind.Audio)
            {
                report.Add(Other(session, first));
                i++;
                continue;
            }
            // One line for a run of audio that shares everything but its samples.
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var kept = first.Pcm.Length > 0;
            var samples = 0;
            for (; i < memory.Count && Joins(first, memory.Entries[i]); i++)
            {
                hash.AppendData(memory.Entries[i].Pcm);
                samples += memory.Entries[i].Samples;
                if (first.Rate == TestSpeech.Rate)
                    decoder.Push(memory.Entries[i].Pcm);
            }
            if (i > lastAudio)
                decoder.Finish();
            report.Add(new
            {
                kind = "audio",
                samples,
                rate = first.Rate,
                sha256 = kept ? Convert.ToHexStringLower(hash.GetHashAndReset()) : null,
                words = decoder.Take(),
                connection = first.Connection,
                inTurn = first.InTurn,
                evicted = first.Evicted,
            });
        }
        return report;
    }

    private static string? Digest(SimSession session, MemoryEntry entry) =>
        session.ModelAudio.Length < entry.AudioFrom + entry.AudioBytes
            ? null
            : Convert.ToHexStringLower(SHA256.HashData(session.ModelAudio.GetBuffer().AsSpan((int)entry.AudioFrom, entry.AudioBytes)));

    private static bool Joins(MemoryEntry first, MemoryEntry next) =>
        next.Kind == MemoryKind.Audio && next.Rate == first.Rate && next.Connection == first.Connection
        && next.InTurn == first.InTurn && next.Evicted == first.Evicted;

    private static object Other(SimSession session, MemoryEntry entry) => entry.Kind switch
    {
        MemoryKind.Model => new
        {
            kind = "model",
            turn = entry.Turn,
            text = entry.Said.ToString(),
            audioFrom = entry.AudioFrom,
            audioSamples = entry.AudioBytes / 2,
            sha256 = Digest(session, entry),
            ending = JsonNamingPolicy.CamelCase.ConvertName(entry.Ending.ToString()),
            connection = entry.Connection,
            evicted = entry.Evicted,
        },
        MemoryKind.Content => new { kind = "content", role = entry.Role, text = entry.Text, pending = entry.Pending, connection = entry.Connection, evicted = entry.Evicted },
        MemoryKind.ToolCall => new { kind = "toolCall", id = entry.Id, name = entry.Role, args = entry.Text, connection = entry.Connection },
        MemoryKind.ToolResponse => new { kind = "toolResponse", id = entry.Id, name = entry.Role, response = entry.Text, connection = entry.Connection },
        MemoryKind.Video => new { kind = "video", mimeType = entry.Role, bytes = entry.Text, connection = entry.Connection },
        _ => new { kind = JsonNamingPolicy.CamelCase.ConvertName(entry.Kind.ToString()), text = entry.Text, connection = entry.Connection, evicted = entry.Evicted },
    };
}
