using System.Text;
using Orchestrator.Testing;
using Orchestrator.Testing.Promises;

namespace Orchestrator.Bench.Cluster.Reading;

/// <summary>Writes down, for whoever has to find out why, all that is known of a conversation in which a promise was broken.</summary>
internal static class StoryFile
{
    /// <returns>Where it is.</returns>
    public static string Write(Story story)
    {
        var text = new StringBuilder();
        text.Append($"{story.Caller.Failure}\n").AppendJoin('\n', story.Verdict.Broken.Select(broken => $"BROKEN {broken}")).Append("\n\n");
        var lines = story.Facts.Select(fact => (fact.At, $"journal  {fact.Fact.GetRawText()}"))
            .Concat(story.Caller.Heard.Select(frame => (frame.At, $"heard    {Describe(frame)}")))
            .Concat(story.Connections.Select(connection => (connection.OpenedAt, $"upstream connection {connection.Number} opened")))
            .Concat(story.Connections.Where(connection => connection.ClosedAt is not null).Select(connection => (connection.ClosedAt!.Value, $"upstream connection {connection.Number} closed")));
        foreach (var (at, what) in lines.OrderBy(line => line.Item1))
        {
            text.Append($"{at:HH:mm:ss.fff} {what}\n");
        }

        var path = Path.Combine(Repository.Logs, $"story-{story.Caller.ConversationId}.txt");
        File.WriteAllText(path, text.ToString());
        return path;
    }

    private static string Describe(HeardFrame frame) =>
        $"{(frame.Audio.Length > 0 ? $"{frame.Audio.Length} bytes " : "")}{(frame.Input.Length > 0 ? $"user '{frame.Input}' " : "")}{(frame.Output.Length > 0 ? $"model '{frame.Output}' " : "")}{(frame.Interrupted ? "interrupted " : "")}{(frame.TurnComplete ? "turnComplete" : "")}";
}
