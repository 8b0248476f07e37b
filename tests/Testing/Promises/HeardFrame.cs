using System.Text.Json;

namespace Orchestrator.Testing.Promises;

/// <summary>A message of the server's as a client has it.</summary>
/// <param name="Input">What the user was heard to say.</param>
/// <param name="Output">What the model says.</param>
public sealed record HeardFrame(DateTimeOffset At, byte[] Audio, string Input, string Output, bool Interrupted, bool TurnComplete)
{
    /// <summary>Null for messages that say nothing.</summary>
    public static HeardFrame? Read(JsonElement message, DateTimeOffset at)
    {
        if (!message.TryGetProperty("serverContent", out var content))
        {
            return null;
        }

        var audio = content.TryGetProperty("modelTurn", out var turn) && turn.TryGetProperty("parts", out var parts)
            ? parts.EnumerateArray().Where(part => part.TryGetProperty("inlineData", out _)).SelectMany(part => part.GetProperty("inlineData").GetProperty("data").GetBytesFromBase64()).ToArray()
            : [];
        return new HeardFrame(at, audio, Text(content, "inputTranscription"), Text(content, "outputTranscription"), Is(content, "interrupted"), Is(content, "turnComplete"));
    }

    /// <summary>Cuts what was heard into the model's turns.</summary>
    public static IReadOnlyList<HeardTurn> Turns(IEnumerable<HeardFrame> frames)
    {
        var turns = new List<HeardTurn>();
        var open = new List<HeardFrame>();
        foreach (var frame in frames)
        {
            open.Add(frame);
            if (frame.TurnComplete)
            {
                turns.Add(Turn(open, ended: true));
                open.Clear();
            }
        }

        if (open.Exists(frame => frame.Audio.Length > 0))
        {
            turns.Add(Turn(open, ended: false));
        }

        return turns;
    }

    private static HeardTurn Turn(List<HeardFrame> frames, bool ended)
    {
        var spoken = frames.FindAll(frame => frame.Audio.Length > 0);
        return new HeardTurn(
            [.. spoken.SelectMany(frame => frame.Audio)],
            string.Concat(frames.Select(frame => frame.Output)),
            frames.Exists(frame => frame.Interrupted),
            ended,
            InProgress: false,
            spoken is [var first, ..] ? first.At : frames[0].At,
            frames[^1].At)
        {
            Parts = [.. spoken.Select(frame => frame.Audio)],
        };
    }

    private static string Text(JsonElement content, string kind) =>
        content.TryGetProperty(kind, out var transcription) && transcription.TryGetProperty("text", out var text) ? text.GetString()! : "";

    private static bool Is(JsonElement content, string member) => content.TryGetProperty(member, out var value) && value.GetBoolean();
}
