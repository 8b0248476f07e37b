using System.Text.Json;
using Orchestrator.Journal;

namespace Orchestrator.Api.Tests;

/// <summary>Facts for tests.</summary>
internal static class Conversation
{
    public static ConversationFact Opened() => new ConversationOpened("acme", "models/gemini-3.8-live", JsonElement.Parse("""{"model":"models/gemini-3.8-live"}"""));

    public static TurnCommitted Turn(int number, string user = "Hello.", string model = "Hi.", TurnEnding ending = TurnEnding.Completed) => new(
        number, 1, 2, 3, new Utterance(user, number * 5000, (number * 5000) + 1500, 1500), new Utterance(model, (number * 5000) + 2000, (number * 5000) + 4000, 2000), ending, 500, 1,
        JsonElement.Parse("""{"promptTokenCount":20,"responseTokenCount":9,"responseTokensDetails":[{"modality":"AUDIO","tokenCount":8}]}"""));
}
