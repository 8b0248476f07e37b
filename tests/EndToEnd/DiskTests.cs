using System.Net.WebSockets;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>What happens to promises when the disk does not keep its own.</summary>
public sealed class DiskTests(ITestOutputHelper output)
{
    [Fact]
    public async Task DataDirectory_ThatCannotBe_IsAClearErrorAtStart()
    {
        using var folder = new TempDirectory();
        await File.WriteAllTextAsync(folder.File("taken"), "a file where a directory should be");
        var impossible = Path.Combine(folder.File("taken"), "data");

        var (code, text) = await OrchestratorProcess.RunToExitAsync(new OrchestratorOptions { DataDirectory = impossible });

        Assert.NotEqual(0, code);
        Assert.Contains(impossible, text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DataDirectory_OfAnotherProcess_IsAClearErrorAtStart()
    {
        await using var first = await OrchestratorProcess.StartAsync();

        var (code, text) = await OrchestratorProcess.RunToExitAsync(new OrchestratorOptions { DataDirectory = first.DataDirectory });

        Assert.NotEqual(0, code);
        Assert.Contains(first.DataDirectory, text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disk_ThatIsFull_EndsTheConversationWithAReasonAndLeavesTheJournalWhole()
    {
        using var folder = new TempDirectory();
        var mount = Directory.CreateDirectory(folder.File("small")).FullName;
        if (!await RunAsync("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount))
        {
            Assert.Skip("Needs the right to mount a small tmpfs.");
        }
        try
        {
            await using var world = await World.StartAsync(
                new OrchestratorOptions { DataDirectory = Directory.CreateDirectory(Path.Combine(mount, "data")).FullName },
                World.Says("An answer that has to be kept.", seconds: 0.4));
            var speech = await Recordings.PcmAsync(folder);
            await using var client = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
            await client.SetUpAsync();
            await client.SpeakAsync(speech);
            await client.TurnCompleteAsync();

            Fill(Path.Combine(mount, "filler"));
            // The last block of the journal still has room for some turns; each of them must be kept if it is announced.
            var announced = 1;
            while (announced < 50 && await IsAnnouncedAsync(client, speech))
            {
                announced++;
            }
            var end = await client.EndAsync();
            output.WriteLine($"closed with {end.Code} \"{end.Reason}\"");
            Assert.Equal(1011, end.Code);
            Assert.NotEqual("", end.Reason);

            File.Delete(Path.Combine(mount, "filler"));
            await world.Orchestrator.KillAsync();
            await world.Orchestrator.RestartAsync();
            var turns = await world.Orchestrator.Api().TurnsAsync(client.ConversationId);
            output.WriteLine($"{announced} turns announced, {turns.Count} kept");
            Assert.InRange(turns.Count, announced, announced + 1);
            Assert.All(turns.Take(announced), t => Assert.Equal("An answer that has to be kept.", t.GetProperty("model").GetProperty("text").GetString()!.Trim()));

            await using var back = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
            await back.SetUpAsync(handle: client.Handle);
            await back.SpeakAsync(speech);
            await back.NextAsync(RawLiveClient.HasAudio, "a reply after the disk has room again");
        }
        finally
        {
            await RunAsync("umount", "-l", mount);
        }
    }

    /// <summary>False when the socket ends first: while the model is awaited, or in the middle of the user's words.</summary>
    private static async Task<bool> IsAnnouncedAsync(RawLiveClient client, ReadOnlyMemory<byte> speech)
    {
        try
        {
            await client.SpeakAsync(speech);
            await client.TurnCompleteAsync();
            return true;
        }
        catch (Exception ended) when (ended is WebSocketException or InvalidOperationException)
        {
            return false;
        }
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
        }
    }

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        try
        {
            await using var child = ChildProcess.Start(program, program, arguments);
            return await child.ExitAsync() == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
