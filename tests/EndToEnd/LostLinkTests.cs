using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>
/// The upstream connection breaks at every moment of a turn. The unmodified client must not notice more than a reply that
/// begins again, and the model must have heard every sample once.
/// </summary>
public sealed class LostLinkTests
{
    private const int Turns = 3;

    [Theory]
    [InlineData("close", "idle")]
    [InlineData("close", "userSpeech")]
    [InlineData("close", "awaiting")]
    [InlineData("close", "modelSpeech")]
    [InlineData("abort", "userSpeech")]
    [InlineData("abort", "modelSpeech")]
    public async Task Upstream_LostOnceInAConversation_CostsTheClientNothing(string action, string phase)
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(null, World.Says("One answer, heard to its end.", seconds: 1.2, delayMs: 700));
        var recordings = await Recordings.InManyFormatsAsync(folder);
        await world.Simulator.Oracle.FaultAsync(new { action, phase, turn = 2, afterMs = 300 });

        var talk = await TalkSample.RunAsync(world.Orchestrator.Url, "acme-key", recordings, "--activity", "manual", "--turns", $"{Turns}", "--gap", "800");

        Assert.True(talk.ExitCode == 0, talk.Output);
        Assert.Equal(Turns, talk.Turns.Count);
        Assert.Equal(1, talk.Sockets);
        await world.Simulator.Oracle.SessionThatHeardAsync(talk.Sent);
        var links = (await world.Orchestrator.Api().GetAsync($"/v1/conversations/{talk.ConversationId}")).GetProperty("links").GetInt32();
        Assert.Equal(2, links); // the fault has struck
        var turns = await world.Orchestrator.Api().TurnsAsync(talk.ConversationId!);
        Assert.Equal(Turns, turns.Count(t => t.GetProperty("ending").GetString()!.Equals("completed", StringComparison.OrdinalIgnoreCase)));
    }
}
