using System.Text;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>P7: spoken words, keys and handles stay out of the logs, and upstream handles are sealed on disk.</summary>
public sealed class LogsTests
{
    private const string TenantKey = "tenant-key-4f1c9a77e2";
    private const string WrongKey = "wrong-key-9e02b1c4d8";
    private const string Answer = "Marmalade, xylophone and seven quinces.";
    private const string Instructions = "Be brief about rhubarb.";

    [Fact]
    public async Task LogsOfASession_AtDebugLevel_ContainNoKeyHandleOrSpokenWord()
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(
            new OrchestratorOptions
            {
                Tenants = [("acme", TenantKey)],
                Arguments = ["--Logging:LogLevel:Default=Debug", "--Logging:LogLevel:Microsoft=Debug", "--Logging:LogLevel:Microsoft.AspNetCore=Debug", "--Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics=Debug", "--Logging:LogLevel:Microsoft.AspNetCore.Routing=Debug", "--Logging:LogLevel:System=Debug"],
            },
            World.Says(Answer, seconds: 1));
        var url = world.Orchestrator.Url;

        // As the JavaScript client does it: the key is in the URL.
        var talk = await TalkSample.RunAsync(url, TenantKey, [Recordings.Utterances[0]], "--resume", "--activity", "manual", "--instructions", Instructions);
        Assert.True(talk.ExitCode == 0, talk.Output);
        Assert.Equal(401, await RawLiveClient.RefusedStatusAsync(url, null, query: $"?key={WrongKey}"));

        await using var client = await RawLiveClient.ConnectAsync(url, TenantKey);
        await client.SetUpAsync();
        await client.SpeakAsync(await Recordings.PcmAsync(folder));
        await client.TurnCompleteAsync();
        var handle = client.Handle!;
        client.Abort();
        await using var back = await RawLiveClient.ConnectAsync(url, TenantKey);
        await back.SetUpAsync(handle: handle);
        await using var thief = await RawLiveClient.ConnectAsync(url, TenantKey);
        await thief.SendAsync(RawLiveClient.SetupJson(handle: handle[..^2] + "xx"));
        await thief.EndAsync();

        var user = talk.Turns[0].User;
        Assert.NotEqual("", user);
        foreach (var path in new[] { "transcript", "events", "usage" })
        {
            await world.Orchestrator.Api().GetAsync($"/v1/conversations/{client.ConversationId}/{path}?key={TenantKey}");
        }
        await world.Orchestrator.StopAsync();

        var log = world.Orchestrator.Child.Output;
        Assert.Contains(client.ConversationId, log, StringComparison.Ordinal); // there are logs of it
        Assert.Contains("Request starting", log, StringComparison.Ordinal); // and the framework's, which know URLs
        string[] secrets = [TenantKey, WrongKey, handle, back.Handle ?? handle, handle[..^2] + "xx", "Marmalade", "xylophone", "rhubarb", user];
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, log, StringComparison.OrdinalIgnoreCase));
        await ExpectSealedAsync(world);
    }

    private static async Task ExpectSealedAsync(World world)
    {
        HashSet<string> handles = [];
        foreach (var session in await world.Simulator.Oracle.SessionsAsync())
        {
            handles.UnionWith(System.Text.RegularExpressions.Regex
                .Matches(await world.Simulator.Oracle.WireAsync(session), "\"newHandle\": *\"([^\"]+)\"")
                .Select(m => m.Groups[1].Value));
        }
        Assert.NotEmpty(handles);
        Assert.All(handles, h => Assert.DoesNotContain(h, world.Orchestrator.Child.Output, StringComparison.OrdinalIgnoreCase));
        foreach (var file in Directory.GetFiles(world.Orchestrator.DataDirectory, "*", SearchOption.AllDirectories))
        {
            var text = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file));
            Assert.All(handles, h => Assert.DoesNotContain(h, text, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(TenantKey, text, StringComparison.Ordinal);
        }
    }
}
