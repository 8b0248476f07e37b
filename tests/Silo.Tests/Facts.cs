using System.Text.Json;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Tests;

/// <summary>Entries for tests.</summary>
internal static class Facts
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public static readonly TenantId Acme = new("acme");

    public static readonly TenantId Other = new("other");

    public static ConversationId NewId() => new(Guid.CreateVersion7());

    public static JsonElement Json(string text) => JsonElement.Parse(text);

    public static ConversationFact Opened(TenantId? tenant = null) =>
        new ConversationOpened((tenant ?? Acme).Value, "models/gemini-3.8-live", Json("""{"model":"models/gemini-3.8-live"}"""));

    public static ConversationFact Turn(int number, string user = "Hello.", string model = "Hi.", string? usage = null) =>
        new TurnCommitted(number, number * 10, number * 10 + 9, number * 100, new Utterance(user, number * 5000, number * 5000 + 1500, 1500),
            new Utterance(model, number * 5000 + 2000, number * 5000 + 4000, 2000), TurnEnding.Completed, 500, 1, usage is null ? null : Json(usage));

    public static JournalEntry[] From(long first, params ConversationFact[] facts) =>
        [.. facts.Select((fact, i) => new JournalEntry(first + i, Noon.AddSeconds(first + i), fact))];
}
