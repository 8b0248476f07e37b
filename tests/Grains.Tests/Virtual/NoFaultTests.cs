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

    [Theory]
    [MemberData(nameof(Modes))]
    public void Conversation_WithTextImagesAndFunctions_IsWhole(string model, bool manual) => Many.Run(
        from knobs in EveryKnob().Index()
        from behavior in new[] { null, "BLOCKING", "NON_BLOCKING" }
        where behavior is not "BLOCKING" || model != "gemini-3.8-live-extended-thinking"
        select new Schedule
        {
            Seed = 300 + knobs.Index + (behavior?.Length ?? 0),
            Model = model,
            Manual = manual,
            Turns = 4,
            TextEvery = 3,
            VideoEvery = 2,
            ToolEvery = 2,
            BargeInEvery = knobs.Index % 3 == 0 ? 4 : 0,
            ToolBehavior = behavior,
            Knobs = Hearing(knobs.Item),
        },
        mustSurvive: true);

    /// <summary>Where the microphone stays open, 2.5 hears it during calls as well.</summary>
    private static SimulatorKnobs Hearing(SimulatorKnobs knobs)
    {
        knobs.RefuseAudioDuringBlockingCall = false;
        return knobs;
    }

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
