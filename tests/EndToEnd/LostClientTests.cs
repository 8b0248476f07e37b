using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>A phone changes its network in the middle of a reply, and comes back on a new socket with its handle.</summary>
public sealed class LostClientTests(ITestOutputHelper output)
{
    private const int BytesPerMs = 48;
    private const int TwiceAtMostMs = 500;
    private const int ReplySeconds = 5;

    public enum Loss
    {
        /// <summary>Both ends believe in the connection; nothing gets through (half-open).</summary>
        Frozen,

        /// <summary>FIN without a close frame.</summary>
        Cut,

        /// <summary>RST.</summary>
        Reset,
    }

    public enum Return
    {
        /// <summary>While the model is still speaking.</summary>
        InMidReply,

        /// <summary>After the model has said everything.</summary>
        AfterTheReply,
    }

    [Theory]
    [InlineData(Loss.Frozen, Return.InMidReply)]
    [InlineData(Loss.Frozen, Return.AfterTheReply)]
    [InlineData(Loss.Cut, Return.InMidReply)]
    [InlineData(Loss.Cut, Return.AfterTheReply)]
    [InlineData(Loss.Reset, Return.InMidReply)]
    public async Task Client_LostInMidReplyAndBackWithItsHandle_HearsTheRestAndNothingTwice(Loss loss, Return comesBack)
    {
        using var folder = new TempDirectory();
        await using var world = await World.StartAsync(
            null,
            [
                ("Scripts:0:Turn", "1"),
                ("Scripts:0:Reply:Text", "A long answer, of which no part may be missing and none may come twice."),
                ("Scripts:0:Reply:Seconds", $"{ReplySeconds}"),
                ("Scripts:1:Reply:Text", "Short."),
                ("Scripts:1:Reply:Seconds", "0.3"),
            ]);
        await using var network = new TcpProxy(world.Orchestrator.Port);
        var speech = await Recordings.PcmAsync(folder);

        await using var before = await RawLiveClient.ConnectAsync($"http://127.0.0.1:{network.Port}");
        await before.SetUpAsync();
        await before.SpeakAsync(speech);
        await Patience.Until(() => Task.FromResult(before.Audio.Length > 1500 * BytesPerMs), "1.5 s of the reply");
        Lose(network, loss);
        var session = Assert.Single(await world.Simulator.Oracle.SessionsAsync());
        var saidAtLoss = (await world.Simulator.Oracle.ModelAudioAsync(session)).Length;
        await Patience.Until(
            async () => (await world.Simulator.Oracle.ModelAudioAsync(session)).Length >= (comesBack == Return.InMidReply ? saidAtLoss + (1000 * BytesPerMs) : ReplySeconds * 1000 * BytesPerMs),
            "the model to speak on while nobody hears it");

        await using var after = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await after.SetUpAsync(handle: before.Handle);
        await after.TurnCompleteAsync();

        Assert.Equal(before.ConversationId, after.ConversationId);
        var said = await world.Simulator.Oracle.ModelAudioAsync(session);
        var (first, rest) = (before.Audio.ToArray(), after.Audio.ToArray());
        Assert.True(said.AsSpan().StartsWith(first), "What was heard before the loss is not what the model said.");
        Assert.True(said.AsSpan().EndsWith(rest), "What was heard after the return is not the end of what the model said.");
        Assert.True(first.Length + rest.Length >= said.Length, $"{(said.Length - first.Length - rest.Length) / BytesPerMs} ms of the reply were never heard.");
        var twice = (first.Length + rest.Length - said.Length) / BytesPerMs;
        Assert.True(twice <= TwiceAtMostMs, $"{twice} ms of the reply were heard twice.");

        await after.SpeakAsync(speech);
        await after.TurnCompleteAsync();
        Assert.Equal(2, (await world.Orchestrator.Api().TurnsAsync(after.ConversationId)).Count);
        Assert.Single(await world.Simulator.Oracle.SessionsAsync());
    }

    [Fact]
    public async Task Client_ThatReturnsWhileItsOldSocketLives_WinsAndTheOldOneIsToldWhy()
    {
        await using var world = await World.StartAsync(null, World.Says("Yes.", seconds: 0.3));
        await using var old = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await old.SetUpAsync();
        await old.NextAsync(m => m.TryGetProperty("sessionResumptionUpdate", out _), "a handle");

        await using var newer = await RawLiveClient.ConnectAsync(world.Orchestrator.Url);
        await newer.SetUpAsync(handle: old.Handle);

        var end = await old.EndAsync();
        Assert.Equal(1008, end.Code);
        Assert.Contains("another connection", end.Reason, StringComparison.Ordinal);
        using var folder = new TempDirectory();
        await newer.SpeakAsync(await Recordings.PcmAsync(folder));
        await newer.TurnCompleteAsync();
    }

    [Fact]
    public async Task Sample_WhoseNetworkBreaksInMidReply_ReturnsAndAnswersEveryTurn()
    {
        await using var world = await World.StartAsync(null, World.Says("An answer of some length, so that it can be broken off.", seconds: 3));
        await using var network = new TcpProxy(world.Orchestrator.Port);

        var talk = TalkSample.RunAsync(
            $"http://127.0.0.1:{network.Port}", "acme-key", Recordings.Utterances, "--turns", "3", "--resume", "--activity", "manual");
        await Patience.Until(() => Task.FromResult(network.BytesToClient > 60_000 || talk.IsCompleted), "a second of the first reply");
        network.Reset();
        var result = await talk;

        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Equal(2, result.Sockets);
        Assert.Equal(3, result.Turns.Count);
        Assert.Equal(3, (await world.Orchestrator.Api().TurnsAsync(result.ConversationId!)).Count);
    }

    [Fact]
    public async Task Sample_WhoseNetworkBreaksAgainAndAgain_AnswersEveryTurn()
    {
        const int Turns = 6;
        var seed = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_E2E_SEED"), out var given) ? given : Environment.TickCount;
        output.WriteLine($"ORCHESTRATOR_E2E_SEED={seed}");
        var random = new Random(seed);
        await using var world = await World.StartAsync(null, World.Says("An answer that takes about two seconds.", seconds: 2));
        await using var network = new TcpProxy(world.Orchestrator.Port);

        // An open microphone: whatever was under way when the network broke, silence follows and ends it.
        var talk = TalkSample.RunAsync(
            $"http://127.0.0.1:{network.Port}", "acme-key", Recordings.Utterances, "--turns", $"{Turns}", "--resume", "--timeout", "30");
        var breaks = 0;
        while (await Task.WhenAny(talk, Task.Delay(random.Next(1500, 5000))) != talk)
        {
            Lose(network, random.Next(2) == 0 ? Loss.Cut : Loss.Reset);
            breaks++;
        }
        var result = await talk;

        Assert.True(result.ExitCode == 0, $"Seed {seed}: {result.Output}");
        Assert.Equal(Turns, result.Turns.Count);
        Assert.True(breaks >= 3 && result.Sockets > 1, $"{breaks} breaks, {result.Sockets} sockets: the network was too good.");
        // Nothing is missing; around each break up to half a second, with its words, may come twice.
        Assert.All(result.Turns, t =>
        {
            Assert.StartsWith("An answer", t.Model, StringComparison.Ordinal);
            Assert.EndsWith("ds.", t.Model, StringComparison.Ordinal);
            Assert.InRange(t.Samples, 48_000, 48_000 + (24 * TwiceAtMostMs * (result.Sockets - 1)));
        });
    }

    private static void Lose(TcpProxy network, Loss loss)
    {
        switch (loss)
        {
            case Loss.Frozen:
                network.Freeze();
                break;
            case Loss.Cut:
                network.Cut();
                break;
            default:
                network.Reset();
                break;
        }
    }
}
