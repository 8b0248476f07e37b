using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Speech;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>A client that nobody here wrote: npm's @google/genai, unmodified (Sdk/talk.mjs).</summary>
public sealed class SdkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Theory]
    [InlineData("gemini-3.8-live")]
    [InlineData("gemini-3.8-live-extended-thinking")]
    [InlineData("gemini-3.1-flash-live-preview")]
    [InlineData("gemini-2.5-flash-native-audio-preview-12-2025")]
    public async Task Sdk_TalksCallsAToolAndResumes(string model)
    {
        using var timeout = new CancellationTokenSource(Patience);
        var folder = await InstallAsync(timeout.Token);
        var options = new SimulatorOptions
        {
            ApiKeys = ["good"],
            Pace = 20,
            ReplyDelay = TimeSpan.FromMilliseconds(10),
            Scripts =
            [
                new ScriptRule { Contains = "bill", Reply = new ScriptedReply { Text = "It is settled", ToolCalls = [new ScriptedCall { Name = "get_bill", ArgsJson = """{"account":"7"}""" }] } },
                new ScriptRule { Reply = new ScriptedReply { Text = "I heard you", Seconds = 0.5 } },
            ],
        };
        await using var simulator = await SimulatorHost.StartAsync(options, "http://127.0.0.1:0", timeout.Token);
        var pcm = Path.GetTempFileName();
        byte[] speech = [.. TestSpeech.Words(1, 5), .. TestSpeech.Silence(TimeSpan.FromSeconds(0.8))];
        await File.WriteAllBytesAsync(pcm, speech, timeout.Token);

        var (code, output) = await RunAsync("node", $"talk.mjs {simulator.BaseUrl} {model} {pcm}", folder, timeout.Token);
        File.Delete(pcm);

        Assert.True(code == 0, output);
        var seen = JsonNode.Parse(output.Trim().Split('\n')[^1])!;
        Assert.Equal(" w1 w2 w3 w4 w5", (string?)seen["heard"]);
        Assert.StartsWith("I heard you", (string?)seen["said"], StringComparison.Ordinal);
        Assert.EndsWith("It is settled", (string?)seen["said"], StringComparison.Ordinal);
        Assert.Equal("""[{"name":"get_bill","args":{"account":"7"}}]""", seen["tools"]!.ToJsonString());
        lock (simulator.World.Gate)
        {
            var session = Assert.Single(simulator.World.ReadSessions())!;
            Assert.Equal(2, session["connections"]!.AsArray().Count);
            var id = (string)session["session"]!;
            Assert.Equal(speech, simulator.World.ReadUserAudio(id));
            Assert.Equal(seen["audioBytes"]!.GetValue<int>(), simulator.World.ReadModelAudio(id)!.Length);
        }
    }

    /// <summary>The SDK is not in the repository: it is installed from the lock file, once.</summary>
    private static async Task<string> InstallAsync(CancellationToken cancellation, [CallerFilePath] string file = "")
    {
        var folder = Path.Combine(Path.GetDirectoryName(file)!, "Sdk");
        if (Directory.Exists(Path.Combine(folder, "node_modules", "@google", "genai")))
            return folder;
        try
        {
            var (code, output) = await RunAsync("npm", "ci --no-audit --no-fund", folder, cancellation);
            Assert.SkipUnless(code == 0, "npm could not install @google/genai: " + output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("node and npm are not installed.");
        }
        return folder;
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, string arguments, string folder, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        return (process.ExitCode, await errors + await output);
    }
}
