using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>Somebody who has just cloned the repository: no key, no configuration, no service.</summary>
public sealed class NewcomerTests
{
    [Fact]
    public async Task AllInOne_WithoutConfiguration_StartsItsSimulatorAndPrintsAKeyThatWorks()
    {
        await using var orchestrator = await OrchestratorProcess.StartAsync(new OrchestratorOptions { Tenants = [], Arguments = ["--Orchestrator:WarmUp=true"] });
        var key = (await File.ReadAllTextAsync(Path.Combine(orchestrator.DataDirectory, "development-key"))).Trim();

        await orchestrator.Child.LineAsync(l => l.Contains(key, StringComparison.Ordinal), "a line with the development key");
        Assert.Contains("simulator", orchestrator.Child.Output, StringComparison.OrdinalIgnoreCase);

        var talk = await TalkSample.RunAsync(orchestrator.Url, key, [Recordings.Utterances[0], Recordings.Utterances[1]]);
        Assert.True(talk.ExitCode == 0, talk.Output);
        Assert.Equal(2, (await orchestrator.Api(key).TurnsAsync(talk.ConversationId!)).Count);

        // What the process said to itself before it was ready is nobody's.
        Assert.Single((await orchestrator.Api(key).GetAsync("/v1/conversations")).GetProperty("conversations").EnumerateArray());
        Assert.Equal([talk.ConversationId + ".jsonl"], Directory.GetFiles(Path.Combine(orchestrator.DataDirectory, "conversations"), "*", SearchOption.AllDirectories).Select(Path.GetFileName));
        Assert.DoesNotContain("warm-up", orchestrator.Child.Output, StringComparison.OrdinalIgnoreCase);

        await orchestrator.KillAsync();
        await orchestrator.RestartAsync();

        await orchestrator.Child.LineAsync(l => l.Contains(key, StringComparison.Ordinal), "a line with the same development key");
        Assert.Equal(2, (await orchestrator.Api(key).TurnsAsync(talk.ConversationId!)).Count);
    }

    /// <summary>The servers of the warm-up must not take the signal for theirs.</summary>
    [Theory]
    [InlineData(50)]
    [InlineData(250)]
    [InlineData(450)]
    [InlineData(700)]
    public async Task Sigterm_WhileItStarts_EndsTheProcess(int afterMs)
    {
        using var data = new TempDirectory();
        await using var starting = ChildProcess.StartDotnet(
            "orchestrator", Repository.Built("Api", "Orchestrator.Api.dll"), ["--urls", "http://127.0.0.1:0", $"--Orchestrator:DataDirectory={data.Path}"]);
        await Task.Delay(TimeSpan.FromMilliseconds(afterMs));

        starting.Send(Signal.Terminate);

        await starting.ExitAsync();
    }

    [Fact]
    public async Task Sample_WithAWrongKey_EndsWithASentenceAndNotWithAHang()
    {
        await using var orchestrator = await OrchestratorProcess.StartAsync();

        var talk = await TalkSample.RunAsync(orchestrator.Url, "not-a-key", [Recordings.Utterances[0]]);

        Assert.Equal(3, talk.ExitCode);
        Assert.Contains("--key", talk.Failure, StringComparison.Ordinal);
        Assert.Contains("401", talk.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sigterm_InMidConversation_EndsTheProcessInOrder()
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(null, World.Says("A very long answer that is not over yet.", seconds: 20));
        await using var client = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await client.SetUpAsync();
        await client.SpeakAsync(await Recordings.PcmAsync(folder));
        await client.NextAsync(RawLiveClient.HasAudio, "audio of the reply");

        var exit = await world.Orchestrator.StopAsync();

        Assert.Equal(0, exit);
        Assert.NotNull((await client.EndAsync()).Code);
    }
}
