namespace Orchestrator.Testing.Promises;

/// <summary>P2: whatever the model knows of the user's words, it knows once and in their order, as sound or as text.</summary>
public static class WordOrder
{
    public static void Check(IReadOnlyList<ContextItem.Word> words)
    {
        for (var i = 1; i < words.Count; i++)
        {
            Demand.That(words[i].Number > words[i - 1].Number, $"The model's context has w{words[i].Number} ({words[i].Source}) after w{words[i - 1].Number} ({words[i - 1].Source}).");
        }
    }
}
