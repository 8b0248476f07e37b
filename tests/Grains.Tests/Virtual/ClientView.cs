namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>A turn of the model as the client had it, up to one turnComplete.</summary>
/// <param name="InProgress">The model said that more turns answer the same request.</param>
internal sealed record HeardTurn(byte[] Audio, string Words, bool Interrupted, bool Ended, bool InProgress, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The frames' audio, each by itself.</summary>
    public IReadOnlyList<byte[]> Parts { get; init; } = [];

    /// <summary>The model asked for a function in it.</summary>
    public bool Calls { get; init; }
}

/// <summary>What the client heard, cut into turns.</summary>
internal static class ClientView
{
    public static IReadOnlyList<HeardTurn> Turns(VirtualClient client)
    {
        var turns = new List<HeardTurn>();
        var open = new List<Heard>();
        foreach (var heard in client.Output)
        {
            open.Add(heard);
            if (heard.TurnComplete)
            {
                turns.Add(Turn(client, open, ended: true));
                open.Clear();
            }
        }

        if (open.Exists(heard => heard.Audio.Length > 0))
        {
            turns.Add(Turn(client, open, ended: false));
        }

        return turns;
    }

    private static HeardTurn Turn(VirtualClient client, List<Heard> frames, bool ended)
    {
        var spoken = frames.Where(frame => frame.Audio.Length > 0).ToList();
        return new HeardTurn(
            [.. spoken.SelectMany(frame => frame.Audio)],
            string.Concat(frames.Select(frame => frame.Output)),
            frames.Exists(frame => frame.Interrupted),
            ended,
            frames[^1].InProgress,
            spoken.Count > 0 ? spoken[0].At : frames[0].At,
            frames[^1].At)
        {
            Parts = [.. spoken.Select(frame => frame.Audio)],
            Calls = client.Calls.Exists(call => call.Life == frames[0].Life && call.Seq >= frames[0].Seq && call.Seq <= frames[^1].Seq),
        };
    }
}
