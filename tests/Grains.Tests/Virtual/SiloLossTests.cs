using Gemini.Live.Simulator;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// The silo is lost at random moments, with all that it had not written, while the client's edge stays: another takes over
/// from the journal and the edge's memory. ORCHESTRATOR_SEED plays one seed.
/// </summary>
public sealed class SiloLossTests
{
    private static readonly int? Only = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_SEED"), out var seed) ? seed : null;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Silo_ThatIsLost_CostsTheClientNothingButTime(int batch)
    {
        Assert.InRange(batch, 0, 1);
        Many.Run(Only is { } seed ? batch == 0 ? [Draw(seed)] : [] : Enumerable.Range(0, 150).Select(i => Draw((i * 2) + batch)), mustSurvive: true);
    }

    private static Schedule Draw(int seed)
    {
        var random = new Random(seed ^ 0x511055);
        var model = random.GetItems(Schedule.Models, 1)[0];
        var schedule = new Schedule
        {
            Seed = seed,
            Model = model,
            Manual = random.Next(2) == 0,
            Turns = random.Next(2, 5),
            MaxWords = random.Next(1, 7),
            BargeInEvery = random.Next(4) == 0 ? 2 : 0,
            TextEvery = random.Next(3) == 0 ? random.Next(1, 4) : 0,
            ToolEvery = random.Next(4) == 0 ? random.Next(1, 3) : 0,
            Noise = random.Next(2) == 0 ? (short)35 : (short)0,
            HandleEvery = random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(300, 4_000)) : TimeSpan.Zero,
            JournalDelay = random.Next(3) == 0 ? new Lag(20, 200) : new Lag(1, 8),
            Knobs = random.Next(2) == 0 ? new SimulatorKnobs() : new SimulatorKnobs
            {
                HandleCovers = random.GetItems(Enum.GetValues<HandleCoverage>(), 1)[0],
                HandleComes = random.GetItems(Enum.GetValues<HandleTiming>(), 1)[0],
                OlderHandle = random.GetItems(Enum.GetValues<OlderHandle>(), 1)[0],
                OldSocket = random.GetItems(Enum.GetValues<OldSocketRelease>(), 1)[0],
            },
            SiloLosses = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new SiloLoss(
                random.Next(200, 15_000).Ms(), random.Next(20, 1_500).Ms(), random.GetItems(Enum.GetValues<SiloEnd>(), 1)[0]))],
        };
        // An open microphone cannot help sending audio that crosses a call on its way.
        schedule.Knobs.RefuseAudioDuringBlockingCall &= schedule.Manual;
        return schedule;
    }
}
