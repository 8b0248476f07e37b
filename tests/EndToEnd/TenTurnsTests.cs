using System.Text.Json;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>
/// The main job: Google's own client, unmodified, talks recorded human speech at real-time pace. All eight
/// conversations of ten turns run at the same time, beside one long synthesised turn, so they take a minute together.
/// </summary>
public sealed class TenTurns : IAsyncLifetime
{
    public const int Turns = 10;

    private readonly TempDirectory folder = new();
    private readonly Dictionary<string, Task<TalkResult>> talks = [];
    private World? world;

    public World World => world!;

    public Task<TalkResult> TalkAsync(string model, string activity) => Patience.For(talks[$"{model} {activity}"], $"{Turns} turns of {model}, {activity}", TimeSpan.FromMinutes(6));

    public async ValueTask InitializeAsync()
    {
        (string, string)[] replies =
        [
            .. Enumerable.Range(0, Turns).SelectMany(i => new (string, string)[]
            {
                ($"Scripts:{i}:Turn", $"{i + 1}"),
                ($"Scripts:{i}:Reply:Text", $"This is reply number {i + 1} of {Turns}, and it is spoken once."),
                ($"Scripts:{i}:Reply:Seconds", $"{1.0 + (i % 3 * 0.5):0.0}"),
            }),
        ];
        world = await World.StartAsync(null, replies);
        var recordings = await Recordings.InManyFormatsAsync(folder);
        var chunk = 20;
        foreach (var model in Models)
        {
            foreach (var activity in Activities)
            {
                // Each begins with another recording, so that no two say the same.
                string[] order = [.. recordings.Skip(talks.Count), .. recordings.Take(talks.Count)];
                talks[$"{model} {activity}"] = TalkSample.RunAsync(
                    World.Orchestrator.Url, "acme-key", order,
                    "--model", model, "--activity", activity, "--turns", $"{Turns}", "--chunk", $"{chunk}");
                chunk = chunk == 20 ? 100 : chunk - 20; // 20, 100, 80, 60, 40
            }
        }
        talks["long manual"] = TalkSample.RunAsync(
            World.Orchestrator.Url, "acme-key", [await Recordings.LongAsync(folder)], "--activity", "manual", "--chunk", "40");
        talks["joined automatic"] = TalkSample.RunAsync(
            World.Orchestrator.Url, "acme-key", [await Recordings.JoinedAsync(folder)], "--resume");
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(talks.Values.Select(t => t.ContinueWith(_ => { }, TaskScheduler.Default)));
        if (world is not null)
        {
            await world.DisposeAsync();
        }
        folder.Dispose();
    }

    public static readonly string[] Models =
        ["gemini-2.5-flash-native-audio-preview-12-2025", "gemini-3.1-flash-live-preview", "gemini-3.8-live", "gemini-3.8-live-extended-thinking"];

    public static readonly string[] Activities = ["automatic", "manual"];
}

public sealed class TenTurnsTests(TenTurns fixture) : IClassFixture<TenTurns>
{
    public static TheoryData<string, string> Combinations
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (var model in TenTurns.Models)
            {
                foreach (var activity in TenTurns.Activities)
                {
                    data.Add(model, activity);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task UnmodifiedClient_TenTurnsOfHumanSpeech_ArriveOnceInOrderAndAreAnsweredByteForByte(string model, string activity)
    {
        var talk = await fixture.TalkAsync(model, activity);

        Assert.True(talk.ExitCode == 0, talk.Output);
        Assert.Equal(TenTurns.Turns, talk.Turns.Count);
        Assert.Equal(1, talk.Sockets);
        Assert.Equal(1000, talk.CloseCode);
        await ExpectSamplesAsync(talk);

        var turns = await fixture.World.Orchestrator.Api().TurnsAsync(talk.ConversationId!);
        Assert.Equal(TenTurns.Turns, turns.Count);
        Assert.Equal(Enumerable.Range(1, TenTurns.Turns), turns.Select(t => t.GetProperty("turn").GetInt32()));
        Assert.All(turns, t => Assert.Equal("Completed", t.GetProperty("ending").GetString(), ignoreCase: true));
        Assert.All(turns.Zip(talk.Turns), pair =>
        {
            Assert.Equal($"This is reply number {pair.Second.Number} of {TenTurns.Turns}, and it is spoken once.", TextOf(pair.First, "model"));
            Assert.Equal(pair.Second.Model, TextOf(pair.First, "model"));
            Assert.NotEqual("", TextOf(pair.First, "user"));
        });
    }

    [Theory]
    [InlineData("long", "manual")]
    [InlineData("joined", "automatic")]
    public async Task UnmodifiedClient_OneLongTurn_ArrivesOnceInOrderAndIsAnswered(string speech, string activity)
    {
        var talk = await fixture.TalkAsync(speech, activity);

        Assert.True(talk.ExitCode == 0, talk.Output);
        Assert.True(talk.Sent.Length > 10 * 32000, "The recording should last longer than 10 s.");
        await ExpectSamplesAsync(talk);
        Assert.Single(await fixture.World.Orchestrator.Api().TurnsAsync(talk.ConversationId!));
    }

    private async Task ExpectSamplesAsync(TalkResult talk)
    {
        var session = await fixture.World.Simulator.Oracle.SessionThatHeardAsync(talk.Sent);
        var spoken = await fixture.World.Simulator.Oracle.ModelAudioAsync(session);
        Assert.True(
            spoken.AsSpan().SequenceEqual(talk.Received),
            $"The model sent {spoken.Length} bytes, the client received {talk.Received.Length}; equal up to byte {spoken.AsSpan().CommonPrefixLength(talk.Received)}.");
    }

    private static string TextOf(JsonElement turn, string side) =>
        turn.TryGetProperty(side, out var said) && said.ValueKind == JsonValueKind.Object ? said.GetProperty("text").GetString()!.Trim() : "";
}
