using System.Text.Json;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>
/// What a single handle cannot cure: the ladder's other rungs and planned rotation, over real sockets. The unmodified
/// client talks through one socket, hears every answer once and to its end, and knows nothing of it.
/// </summary>
public sealed class LadderTests : IDisposable
{
    private const int Turns = 3;
    private const string Answer = "One answer, heard to its end.";
    private const string Older = "gemini-2.5-flash-native-audio-preview-12-2025";
    private const string Newer = "gemini-3.8-live";

    private readonly TempDirectory folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Newer)]
    [InlineData(Older)]
    public async Task RejectedHandle_AfterALoss_IsMadeUpForByASeededSession(string model)
    {
        await using var world = await WorldAsync();
        await world.Simulator.Oracle.FaultAsync(new { action = "close", phase = "userSpeech", turn = 3, afterMs = 300 });
        await world.Simulator.Oracle.FaultAsync(new { action = "rejectHandle", connection = 2 });

        var talk = await TalkAsync(world, model, Turns);

        var facts = await ExpectOneSessionAsync(world, talk, Turns);
        Assert.Single(Of(facts, "linkLost"), f => Text(f, "cause") == "handleRejected");
        await ExpectSeededAsync(world, talk, facts);
    }

    [Fact]
    public async Task Loss_WhileTheReplyIsBeingPlayed_CutsNothing()
    {
        // All of the answer is there; no handle covers it.
        await using var world = await WorldAsync();
        await world.Simulator.Oracle.FaultAsync(new { action = "close", phase = "playback", turn = 2, afterMs = 100 });

        var talk = await TalkAsync(world, Newer, Turns);

        var facts = await ExpectOneSessionAsync(world, talk, Turns);
        Assert.Single(Of(facts, "linkRecovered"), f => (Text(f, "kind"), Text(f, "cause")) == ("loss", "transient"));
        await ExpectSeededAsync(world, talk, facts);
    }

    [Theory]
    [InlineData("userSpeech")]
    [InlineData("awaiting")]
    public async Task GoAway_OneSecondAhead_IsAnsweredByARotation(string phase)
    {
        // The reply begins after that second: one that is being spoken at its end would be cut by upstream.
        await using var world = await WorldAsync(("Scripts:0:Reply:DelayMs", "1500"));
        await world.Simulator.Oracle.FaultAsync(new { action = "goAway", phase, turn = 2, afterMs = 200, ms = 1_000 });

        var talk = await TalkAsync(world, Newer, Turns);

        var facts = await ExpectOneSessionAsync(world, talk, Turns);
        Assert.All(Of(facts, "linkLost"), f => Assert.Equal("clean", Text(f, "cause")));
        Assert.Single(Of(facts, "linkRecovered"), f => (Text(f, "kind"), Text(f, "rung")) == ("rotation", "resume"));
        await world.Simulator.Oracle.SessionThatHeardAsync(talk.Sent);
    }

    [Fact]
    public async Task Cap_OfEveryConnection_IsNeverMet()
    {
        // Ten minutes in little: connections that live for 8 s, and announce their end 4 s before it.
        const int many = 6;
        await using var world = await WorldAsync(("ConnectionCap", "00:00:08"), ("GoAwayLead", "00:00:04"));

        var talk = await TalkAsync(world, Newer, many);

        var facts = await ExpectOneSessionAsync(world, talk, many);
        Assert.All(Of(facts, "linkLost"), f => Assert.Equal("clean", Text(f, "cause")));
        Assert.True(Of(facts, "linkRecovered").Count(f => Text(f, "kind") == "rotation") >= 2, "Six turns should last longer than two connections.");
        await world.Simulator.Oracle.SessionThatHeardAsync(talk.Sent);
    }

    private static Task<World> WorldAsync(params (string Key, string Value)[] simulator) =>
        World.StartAsync(null, [.. World.Says(Answer, seconds: 1.2, delayMs: 700), .. simulator]);

    private async Task<TalkResult> TalkAsync(World world, string model, int turns) => await TalkSample.RunAsync(
        world.Orchestrator.Url, "acme-key", await Recordings.InManyFormatsAsync(folder),
        "--model", model, "--activity", "manual", "--turns", $"{turns}", "--gap", "500");

    private static async Task<IReadOnlyList<JsonElement>> ExpectOneSessionAsync(World world, TalkResult talk, int turns)
    {
        Assert.True(talk.ExitCode == 0, talk.Output);
        Assert.Equal(1, talk.Sockets);
        Assert.Equal(Enumerable.Repeat(Answer, turns), talk.Turns.Select(t => t.Model));
        var journaled = await world.Orchestrator.Api().TurnsAsync(talk.ConversationId!);
        Assert.Equal(Enumerable.Repeat("completed", turns), journaled.Select(t => t.GetProperty("ending").GetString()));
        return [.. JsonElement.Parse(await world.Orchestrator.Api().EventsAsync(talk.ConversationId!)).GetProperty("events").EnumerateArray().Select(e => e.GetProperty("fact"))];
    }

    /// <summary>The last session was told of the turns before it, and has heard the others sample by sample.</summary>
    private static async Task ExpectSeededAsync(World world, TalkResult talk, IReadOnlyList<JsonElement> facts)
    {
        Assert.Single(Of(facts, "linkOpened"), f => f.TryGetProperty("seeded", out var seeded) && seeded.GetBoolean());
        Assert.Contains(Of(facts, "linkRecovered"), f => Text(f, "rung") == "fresh");
        var last = (await world.Simulator.Oracle.SessionsAsync())[^1];
        var told = (await world.Simulator.Oracle.MemoryAsync(last)).GetProperty("entries").EnumerateArray().Where(e => Text(e, "kind") == "content").ToList();
        Assert.Equal(Turns - 1, told.Count(e => Text(e, "role") == "model" && Text(e, "text") == Answer));
        var heard = await world.Simulator.Oracle.UserAudioAsync(last);
        Assert.NotEmpty(heard);
        Assert.True(talk.Sent.AsSpan().EndsWith(heard), "The last session heard something else than the last question.");
    }

    private static IEnumerable<JsonElement> Of(IEnumerable<JsonElement> facts, string type) => facts.Where(f => Text(f, "type") == type);

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;
}
