using Xunit;
using Gemini.Live.Simulator;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Conversations in which nothing breaks, under every setting of what nobody outside Google knows.</summary>
public sealed class NoFaultTests
{
    public static TheoryData<string, bool> Modes()
    {
        var data = new TheoryData<string, bool>();
        foreach (var model in Schedule.Models)
        {
            data.Add(model, false);
            data.Add(model, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Conversation_UnderEverySettingOfTheUnknowns_IsWhole(string model, bool manual) => Many.Run(EveryKnob().Select((knobs, i) => new Schedule
    {
        Seed = 100 + i,
        Model = model,
        Manual = manual,
        Knobs = knobs,
    }), mustSurvive: true);

    private static IEnumerable<SimulatorKnobs> EveryKnob()
    {
        yield return new SimulatorKnobs();
        foreach (var covers in Enum.GetValues<HandleCoverage>())
        {
            foreach (var comes in Enum.GetValues<HandleTiming>())
            {
                yield return new SimulatorKnobs { HandleCovers = covers, HandleComes = comes };
            }
        }

        yield return new SimulatorKnobs { OlderHandle = OlderHandle.Void };
        yield return new SimulatorKnobs { VadClock = VadClock.Wall };
        yield return new SimulatorKnobs { BurstInput = BurstInput.Throttled };
        yield return new SimulatorKnobs { OldSocket = OldSocketRelease.Late };
        foreach (var transcripts in Enum.GetValues<InputTranscripts>())
        {
            yield return new SimulatorKnobs { Transcripts = transcripts };
        }
    }
}
