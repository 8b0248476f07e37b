namespace Orchestrator.Testing.Promises;

/// <summary>P1: every turn's audio is what some session said, sample by sample, and no later turn's was said before an earlier one's.</summary>
public static class SoundOrder
{
    /// <param name="turns">What the client heard.</param>
    /// <param name="said">All that the model said to the conversation, session after session, 24 kHz PCM16.</param>
    public static void Check(IReadOnlyList<HeardTurn> turns, byte[] said)
    {
        var from = 0;
        foreach (var (i, turn) in turns.Index())
        {
            // An interrupted reply may have lost audio that nobody will miss, and one that stopped early went on later.
            foreach (var part in turn.Interrupted ? turn.Parts : [turn.Audio])
            {
                var at = said.AsSpan(from).IndexOf(part);
                Demand.That(at >= 0, $"Audio of turn {i + 1} ({part.Length} of {turn.Audio.Length} bytes) is not what the model said next.");
                from += at + part.Length;
            }
        }
    }
}
