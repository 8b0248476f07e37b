using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Bench.Cluster.Clients;
using Orchestrator.Testing;
using Orchestrator.Testing.Promises;

namespace Orchestrator.Bench.Cluster.Reading;

/// <summary>Collects every conversation from the caller, the simulator and REST, and has it judged.</summary>
internal sealed class StoryReader(ClusterWorld world)
{
    private readonly SimulatorOracle _simulator = world.Simulator.Oracle;

    public async Task<IReadOnlyList<Story>> ReadAsync(IReadOnlyList<Caller> callers)
    {
        var sessions = (await _simulator.DescribeAsync()).ToLookup(session => session.GetProperty("instruction").GetString()!);
        var stories = new List<Story>();
        foreach (var caller in callers.Where(caller => caller.ConversationId.Length > 0))
        {
            stories.Add(await ReadAsync(caller, [.. sessions[Question.Instruction(caller.Number)].OrderBy(Newest)]));
        }

        return stories;
    }

    private async Task<Story> ReadAsync(Caller caller, List<JsonElement> sessions)
    {
        var spoken = new List<byte[]>();
        foreach (var session in sessions)
        {
            spoken.Add(await _simulator.ModelAudioAsync(Id(session)));
        }

        var api = world.FrontEnds[0].Api();
        var turns = await api.TurnsAsync(caller.ConversationId);
        var record = new ConversationRecord
        {
            Said = caller.Said,
            Heard = caller.Heard,
            Context = sessions is [.., var last] ? ContextReader.Read(JsonNode.Parse((await _simulator.MemoryAsync(Id(last))).GetRawText())!, spoken[^1]) : [],
            Spoken = [.. spoken.SelectMany(audio => audio)],
            Written = [.. turns.Select(turn => new WrittenTurn(turn.GetProperty("ending").GetString()!, Words(turn, "user"), Words(turn, "model")))],
            BrokenOff = caller.Failure is not null,
        };
        return new Story(caller, ConversationVerdict.Of(record), await FactsAsync(api, caller.ConversationId), [.. sessions.SelectMany(Connections)]);
    }

    private static async Task<IReadOnlyList<WrittenFact>> FactsAsync(OrchestratorApi api, string conversation)
    {
        var facts = new List<WrittenFact>();
        for (var (after, more) = (0L, true); more;)
        {
            var page = await api.GetAsync($"/v1/conversations/{conversation}/events?after={after}");
            var read = facts.Count;
            facts.AddRange(page.GetProperty("events").EnumerateArray().Select(e => new WrittenFact(e.GetProperty("at").GetDateTimeOffset(), e.GetProperty("fact"))));
            after = page.GetProperty("next").GetInt64();
            more = facts.Count > read;
        }

        return facts;
    }

    private static IEnumerable<UpstreamConnection> Connections(JsonElement session) => session.GetProperty("connections").EnumerateArray().Select(connection => new UpstreamConnection(
        connection.GetProperty("connection").GetInt32(),
        connection.GetProperty("openedAt").GetDateTimeOffset(),
        connection.TryGetProperty("closedAt", out var at) && at.ValueKind == JsonValueKind.String ? at.GetDateTimeOffset() : null));

    private static int Newest(JsonElement session) => session.GetProperty("connections").EnumerateArray().Select(connection => connection.GetProperty("connection").GetInt32()).DefaultIfEmpty(0).Max();

    private static string Id(JsonElement session) => session.GetProperty("session").GetString()!;

    private static string Words(JsonElement turn, string side) => turn.TryGetProperty(side, out var said) ? said.GetProperty("text").GetString()! : "";
}
