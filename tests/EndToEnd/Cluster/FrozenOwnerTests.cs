using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>A silo stands still under live conversations, loses them, and wakes up as if nothing had happened (P4).</summary>
public sealed class FrozenOwnerTests(ITestOutputHelper output)
{
    private const int Talkers = 4;
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(5);

    /// <summary>The product's budget is a second; a busy machine gets more.</summary>
    private static readonly TimeSpan ClosesWithin = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Silo_ThatWakesUp_WritesNothing_IsHeardByNobody_AndHangsUp()
    {
        await using var world = await ClusterWorld.StartAsync(silos: 1, frontEnds: 1, World.Says("This is what the first owner hears.", seconds: 2, delayMs: 200));
        await WatchWritersAsync(world);
        List<Talker> talkers = [];
        for (var i = 0; i < Talkers; i++)
        {
            talkers.Add(await Talker.ConnectAsync(world.FrontEnds[0].Url, i));
        }

        await Task.WhenAll(talkers.Select(talker => talker.TurnAsync()));
        await world.AddSiloAsync("silo-2");

        // Two are asking, two are listening.
        await Task.WhenAll(talkers.Select(talker => talker.BeginAsync(2)));
        foreach (var listening in talkers.Skip(Talkers / 2))
        {
            await listening.EndAsync();
            await listening.Client.NextAsync(RawLiveClient.HasAudio, "the beginning of an answer");
        }

        var frozen = world.Silos[0].Child;
        frozen.Send(Signal.Stop);
        var thaw = Task.Delay(Frozen);
        List<(string Session, int Said)> before = [];
        foreach (var talker in talkers)
        {
            var session = (await EverythingOnce.SessionsOfAsync(world, talker)).Single();
            before.Add((session, (await world.Simulator.Oracle.ModelAudioAsync(session)).Length));
        }

        await world.Simulator.Oracle.SaysAsync("And that is what the second one hears, who is somebody else.", seconds: 2.5);
        foreach (var asking in talkers.Take(Talkers / 2))
        {
            await asking.SayAsync(2);
            await asking.EndAsync();
        }

        await Task.WhenAll(talkers.Select(talker => talker.AnswerAsync()));
        await thaw;
        var woken = DateTimeOffset.UtcNow;
        frozen.Send(Signal.Continue);

        await HangsUpAsync(world, [.. before.Select(b => b.Session)], woken);
        await Task.WhenAll(talkers.Select(talker => talker.TurnAsync()));
        Assert.Equal(Talkers, frozen.Output.Split('\n').Count(line => line.Contains("left memory (ownership was lost)", StringComparison.Ordinal)));
        await WroteNothingAsync(world);
        foreach (var (talker, (session, said)) in talkers.Zip(before))
        {
            await HeardAsync(world, talker, session, said);
        }

        await EverythingOnce.CheckAsync(world, talkers);
    }

    /// <summary>The database notes who writes each fact.</summary>
    private static Task WatchWritersAsync(ClusterWorld world) => world.SqlAsync(
        """
        create table public.writers (conversation uuid, position bigint, writer text);
        create function public.note_writer() returns trigger language plpgsql as $$
        begin
            insert into public.writers values (new.conversation, new.position, current_setting('application_name'));
            return new;
        end $$;
        create trigger note_writer after insert on orchestrator.facts for each row execute function public.note_writer();
        """);

    /// <summary>Every conversation was written by the first owner, then by the second, and by the first never again.</summary>
    private static async Task WroteNothingAsync(ClusterWorld world) => Assert.Equal(
        [$"{Talkers}|0"],
        await world.SqlAsync(
            """
            select count(*), count(*) filter (where last >= first) from (
                select max(position) filter (where writer = 'silo-1') as last, min(position) filter (where writer = 'silo-2') as first
                from public.writers group by conversation) as each where last is not null and first is not null
            """));

    private async Task HangsUpAsync(ClusterWorld world, IReadOnlyList<string> sessions, DateTimeOffset woken)
    {
        List<DateTimeOffset> closed = [];
        await Patience.Until(
            async () =>
            {
                closed = [.. (await world.Simulator.Oracle.DescribeAsync())
                    .Where(s => sessions.Contains(s.GetProperty("session").GetString()!))
                    .SelectMany(s => s.GetProperty("connections").EnumerateArray())
                    .Where(c => c.GetProperty("closedAt").ValueKind != System.Text.Json.JsonValueKind.Null)
                    .Select(c => c.GetProperty("closedAt").GetDateTimeOffset())];
                return closed.Count == sessions.Count;
            },
            "the ends of the upstream connections of the silo that woke up");
        var took = closed.Max() - woken;
        output.WriteLine($"The last upstream connection was closed {took.TotalMilliseconds:0} ms after the silo woke up.");
        Assert.True(took < ClosesWithin, $"It took {took.TotalMilliseconds:0} ms.");
    }

    /// <summary>The beginning of what the first owner's session said, up to the freeze, and all that its successor's said; not a sample else.</summary>
    private static async Task HeardAsync(ClusterWorld world, Talker talker, string old, int saidAtFreeze)
    {
        var said = await world.Simulator.Oracle.ModelAudioAsync(old);
        var anew = await world.Simulator.Oracle.ModelAudioAsync((await EverythingOnce.SessionsOfAsync(world, talker)).Except([old]).Single());
        var heard = talker.Heard;
        Assert.True(heard.AsSpan().EndsWith(anew), $"{talker.ConversationId} has not heard all of the new session.");
        var before = heard[..^anew.Length];
        Assert.True(said.AsSpan().StartsWith(before), $"{talker.ConversationId} heard something that nobody had said to it.");
        Assert.InRange(before.Length, 1, saidAtFreeze);
    }
}
