using System.Text.Json;

namespace Orchestrator.Testing;

/// <summary>One answered turn, as the sample saw it.</summary>
public sealed record TalkTurn(int Number, string User, string Model, int? LatencyMs, long Samples, string Sha256);

/// <summary>What the sample said about its whole run.</summary>
public sealed record TalkResult(
    int ExitCode,
    string? ConversationId,
    string? Failure,
    int Sockets,
    int? CloseCode,
    IReadOnlyList<TalkTurn> Turns,
    byte[] Sent,
    byte[] Received,
    string Output);

/// <summary>Runs <c>samples/talk-js</c>, the unmodified <c>@google/genai</c> client, against an address.</summary>
public static class TalkSample
{
    private const int WavHeader = 44;

    public static string Directory { get; } = Path.Combine(Repository.Root, "samples", "talk-js");

    public static async Task<TalkResult> RunAsync(string url, string key, IReadOnlyList<string> recordings, params string[] options)
    {
        if (!System.IO.Directory.Exists(Path.Combine(Directory, "node_modules")))
        {
            throw new DirectoryNotFoundException($"Run `npm ci` in {Directory} first; ./test does.");
        }
        using var temp = new TempDirectory();
        var (sent, reply) = (temp.File("sent.pcm"), temp.File("reply.wav"));
        await using var child = ChildProcess.Start(
            "talk-js",
            "node",
            [Path.Combine(Directory, "talk.mjs"), "--json", "--url", url, "--key", key, "--sent", sent, "--out", reply, .. options, .. recordings]);
        var code = await child.ExitAsync(TimeSpan.FromMinutes(10));

        List<TalkTurn> turns = [];
        JsonElement done = default;
        foreach (var line in child.Output.Split('\n').Where(l => l.StartsWith('{')))
        {
            var json = JsonElement.Parse(line);
            if (json.GetProperty("event").ValueEquals("done"))
            {
                done = json;
            }
            else if (json.GetProperty("event").ValueEquals("turnComplete") && json.GetProperty("answered").GetBoolean())
            {
                turns.Add(ReadTurn(json));
            }
        }
        if (done.ValueKind == JsonValueKind.Undefined)
        {
            throw new InvalidOperationException($"The sample ended with {code} and no result:{Environment.NewLine}{child.Output}");
        }
        var close = done.GetProperty("close");
        return new TalkResult(
            code,
            done.GetProperty("conversationId").GetString(),
            done.GetProperty("failure").GetString(),
            done.GetProperty("sockets").GetInt32(),
            close.ValueKind == JsonValueKind.Object ? close.GetProperty("code").GetInt32() : null,
            turns,
            await File.ReadAllBytesAsync(sent),
            (await File.ReadAllBytesAsync(reply))[WavHeader..],
            child.Output);
    }

    private static TalkTurn ReadTurn(JsonElement json) => new(
        json.GetProperty("turn").GetInt32(),
        json.GetProperty("user").GetString()!,
        json.GetProperty("model").GetString()!,
        json.GetProperty("latencyMs") is { ValueKind: JsonValueKind.Number } latency ? latency.GetInt32() : null,
        json.GetProperty("received").GetProperty("samples").GetInt64(),
        json.GetProperty("received").GetProperty("sha256").GetString()!);
}
