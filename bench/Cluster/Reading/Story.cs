using System.Text.Json;
using Orchestrator.Bench.Cluster.Clients;
using Orchestrator.Testing.Promises;

namespace Orchestrator.Bench.Cluster.Reading;

/// <summary>A fact of the journal.</summary>
internal sealed record WrittenFact(DateTimeOffset At, JsonElement Fact)
{
    public bool Is(string type) => Fact.GetProperty("type").GetString() == type;

    public string? Text(string member) => Fact.TryGetProperty(member, out var value) ? value.GetString() : null;

    public long Number(string member) => Fact.GetProperty(member).GetInt64();
}

/// <summary>An upstream connection, as upstream saw it.</summary>
internal sealed record UpstreamConnection(int Number, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt);

/// <summary>All that is known of one conversation when it is over.</summary>
internal sealed record Story(Caller Caller, ConversationVerdict Verdict, IReadOnlyList<WrittenFact> Facts, IReadOnlyList<UpstreamConnection> Connections);
