using System.Diagnostics;
using Orchestrator.Bench.Cluster.Clients;
using Orchestrator.Bench.Cluster.Disturbances;
using Orchestrator.Bench.Cluster.Figures;
using Orchestrator.Bench.Cluster.Reading;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Cluster;

/// <summary>One run: a cluster, a crowd of callers, disturbances one after the other, and the judgement.</summary>
internal sealed class BenchRun(BenchPlan plan)
{
    /// <summary>Tests start their processes cold.</summary>
    private const string ProductionStart = "--Orchestrator:WarmUp=true";

    private readonly Random _random = new(plan.Seed);

    /// <returns>True when every promise was kept.</returns>
    public async Task<bool> RunAsync()
    {
        await using var world = await ClusterWorld.StartAsync(
            new ClusterPlan { HasNetworks = plan.Disturbance.NeedsProxies, SiloArguments = [ProductionStart], FrontEndArguments = [ProductionStart] },
            silos: 3,
            frontEnds: 2,
            ("Scripts:0:Reply:Text", Question.Script),
            ("Scripts:0:Reply:Seconds", $"{Question.AnswerSeconds}"),
            ("Scripts:0:Reply:DelayMs", "300"),
            ("EndedSessionsKept", "1000000"),
            ("WireLogFrames", "50"));
        var witness = plan.Disturbance.NeedsWitness ? await WriteWitness.InstallAsync(world) : null;
        var idle = ProcessCost.Of(world);
        var database = await DatabaseCost.OfAsync(world);
        using var crowd = new Crowd([.. world.FrontEnds.Select(frontEnd => frontEnd.Url)], plan.Conversations, plan.Seed);
        var begun = Stopwatch.GetTimestamp();
        await crowd.ComeAsync();
        await Task.Delay(TimeSpan.FromSeconds(3));
        var moments = await DisturbAsync(world, crowd);
        var busy = ProcessCost.Of(world);
        var lasted = Stopwatch.GetElapsedTime(begun);
        await crowd.GoAsync();

        var stories = await new StoryReader(world).ReadAsync(crowd.Callers);
        Console.WriteLine();
        var report = new Report(plan, crowd, stories);
        report.Print();
        new TakeoverReport(stories, moments).Print();
        plan.Disturbance.Print();
        var stale = witness is null ? 0 : await witness.StaleAsync();
        if (witness is not null)
        {
            OldSockets.Print(stories, moments);
            Console.WriteLine($"Stale writes accepted: {stale} of {await witness.WritesAsync()}.");
        }

        if (plan.Disturbance is Nothing)
        {
            ProcessCost.Print(idle, busy, lasted, plan.Conversations);
            (await DatabaseCost.OfAsync(world)).Print(database, lasted, plan.Conversations);
        }

        return report.IsGood && stale == 0;
    }

    private async Task<List<Moment>> DisturbAsync(ClusterWorld world, Crowd crowd)
    {
        List<Moment> moments = [];
        for (var round = 0; round < plan.Rounds; round++)
        {
            await Task.Delay(_random.Next(500, 2_000));
            moments.Add(await plan.Disturbance.StrikeAsync(world, round, _random));
            await Task.Delay(TimeSpan.FromSeconds(4));
            Console.WriteLine($"  round {round + 1}, {moments[^1].What}: {crowd.Describe()}");
        }

        return moments;
    }
}
