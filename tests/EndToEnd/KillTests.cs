using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>The process dies at any moment; what the client was told is finished is on disk.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Conversations = 6;

    private static readonly int Kills = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_E2E_KILLS"), out var kills) ? kills : 50;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_E2E_SEED"), out var seed) ? seed : Environment.TickCount;

    [Fact]
    public async Task KillNine_AtRandomMoments_NeverLosesATurnThatTheClientSawComplete()
    {
        output.WriteLine($"ORCHESTRATOR_E2E_SEED={Seed} ORCHESTRATOR_E2E_KILLS={Kills}");
        var random = new Random(Seed);
        using var folder = new TempDirectory();
        var speech = (await Recordings.PcmAsync(folder))[..6400]; // 200 ms
        await using var world = await World.StartAsync(null, [.. World.Says("One two three four.", seconds: 0.12, delayMs: 20), ("Pace", "2")]);

        // Every other kill strikes in the instant in which a client hears turnComplete: if that came too early, it shows then.
        Action? onTurnComplete = null;
        List<Witness> witnesses = [.. Enumerable.Range(0, Conversations).Select(_ => new Witness(() => Interlocked.Exchange(ref onTurnComplete, null)?.Invoke()))];
        var turnsSeen = 0;
        for (var kill = 1; kill <= Kills; kill++)
        {
            var dying = new CancellationTokenSource();
            var talks = witnesses.Select(w => w.TalkUntilDeathAsync(world.Orchestrator.Url, speech, dying.Token)).ToList();
            await Task.Delay(random.Next(150, 1800));
            if (kill % 2 == 0)
            {
                var struck = new TaskCompletionSource();
                Volatile.Write(ref onTurnComplete, () =>
                {
                    world.Orchestrator.Child.Send(Signal.Kill);
                    struck.SetResult();
                });
                await Patience.For(struck.Task, $"a turnComplete to strike at, kill {kill} (seed {Seed})");
            }
            await world.Orchestrator.KillAsync();
            await dying.CancelAsync();
            await Patience.For(Task.WhenAll(talks), $"the clients to notice death {kill} (seed {Seed})");
            await world.Orchestrator.RestartAsync();

            foreach (var witness in witnesses.Where(w => w.ConversationId.Length > 0))
            {
                var turns = await world.Orchestrator.Api().TurnsAsync(witness.ConversationId);
                var committed = turns.Count(t => t.GetProperty("ending").GetString()!.Equals("completed", StringComparison.OrdinalIgnoreCase)
                    && t.GetProperty("model").GetProperty("text").GetString()!.Contains("four", StringComparison.Ordinal));
                Assert.Equal(Enumerable.Range(1, turns.Count), turns.Select(t => t.GetProperty("turn").GetInt32()));
                Assert.True(
                    committed >= witness.Completed,
                    $"Kill {kill}, seed {Seed}, conversation {witness.ConversationId}: the client saw {witness.Completed} turns complete, the transcript has {committed} of {turns.Count}.");
            }
            turnsSeen = witnesses.Sum(w => w.CompletedInAll);
            // Half of them go on in the same conversation with their handles, the others start anew.
            foreach (var witness in witnesses.Where((_, i) => i % 2 == 0 || random.Next(4) == 0))
            {
                witness.StartAnew();
            }
        }
        output.WriteLine($"{turnsSeen} completed turns in {witnesses.Sum(w => w.Begun)} conversations survived {Kills} kills.");
        Assert.True(turnsSeen >= Kills, $"Only {turnsSeen} turns were completed between {Kills} kills: the test has seen nothing.");
    }

    /// <summary>One client and what it was told, over several lives of the server.</summary>
    private sealed class Witness(Action heardTurnComplete)
    {
        private string? handle;

        public string ConversationId { get; private set; } = "";

        /// <summary>Turns of the present conversation whose turnComplete came in.</summary>
        public int Completed { get; private set; }

        public int CompletedInAll { get; private set; }

        public int Begun { get; private set; }

        public void StartAnew() => (handle, ConversationId, Completed) = (null, "", 0);

        public async Task TalkUntilDeathAsync(string url, byte[] speech, CancellationToken dying)
        {
            try
            {
                await using var client = await RawLiveClient.ConnectAsync(url);
                var resumed = handle is not null;
                await client.SetUpAsync(handle: handle);
                if (!resumed)
                {
                    Begun++;
                    ConversationId = client.ConversationId;
                }
                else if (!client.ConversationId.Equals(ConversationId, StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"A handle of {ConversationId} led to {client.ConversationId}.");
                }
                await client.SpeakAsync(speech);
                while (true)
                {
                    // A turn that was cut by the last death ends interrupted; only whole answers count.
                    var whole = false;
                    var interrupted = false;
                    await client.NextAsync(
                        m =>
                        {
                            whole |= RawLiveClient.HasAudio(m);
                            interrupted |= m.TryGetProperty("serverContent", out var c) && c.TryGetProperty("interrupted", out _);
                            handle = client.Handle ?? handle;
                            var complete = RawLiveClient.IsTurnComplete(m);
                            if (complete && whole && !interrupted)
                            {
                                heardTurnComplete();
                            }
                            return complete;
                        },
                        "turnComplete");
                    if (whole && !interrupted)
                    {
                        Completed++;
                        CompletedInAll++;
                        await client.SpeakAsync(speech);
                    }
                }
            }
            catch (Exception) when (dying.IsCancellationRequested)
            {
                // The server is dead, as planned.
            }
            catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or InvalidOperationException && !e.Message.StartsWith("A handle", StringComparison.Ordinal))
            {
                // Its death was noticed before the test had said so; any other failure would let the test see no turns.
                await Patience.For(Task.Delay(Timeout.Infinite, dying).ContinueWith(_ => { }, TaskScheduler.Default), $"the death that explains: {e.Message}", TimeSpan.FromSeconds(5));
            }
        }
    }
}
