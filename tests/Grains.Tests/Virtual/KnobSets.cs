using Gemini.Live.Simulator;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Settings of what nobody outside Google knows (DESIGN §13): each alone, and some together.</summary>
internal static class KnobSets
{
    public static readonly IReadOnlyList<SimulatorKnobs> All =
    [
        new() { RefuseAudioDuringBlockingCall = false },
        new() { RefuseAudioDuringBlockingCall = false, HandleCovers = HandleCoverage.LastTurn },
        new() { RefuseAudioDuringBlockingCall = false, HandleCovers = HandleCoverage.AllReceivedMinusInFlight, OlderHandle = OlderHandle.Void },
        new() { RefuseAudioDuringBlockingCall = false, HandleComes = HandleTiming.Late },
        new() { RefuseAudioDuringBlockingCall = false, HandleComes = HandleTiming.Never },
        new() { RefuseAudioDuringBlockingCall = false, VadClock = VadClock.Wall },
        new() { RefuseAudioDuringBlockingCall = false, BurstInput = BurstInput.Throttled },
        new() { RefuseAudioDuringBlockingCall = false, OldSocket = OldSocketRelease.Late },
        new() { RefuseAudioDuringBlockingCall = false, Transcripts = InputTranscripts.After },
        new() { RefuseAudioDuringBlockingCall = false, Transcripts = InputTranscripts.Late },
        new() { RefuseAudioDuringBlockingCall = false, Transcripts = InputTranscripts.Wrong },
        new() { RefuseAudioDuringBlockingCall = false, HandleComes = HandleTiming.Never, Transcripts = InputTranscripts.Late },
        new()
        {
            RefuseAudioDuringBlockingCall = false,
            HandleCovers = HandleCoverage.LastTurn,
            HandleComes = HandleTiming.Late,
            OlderHandle = OlderHandle.Void,
            VadClock = VadClock.Wall,
            BurstInput = BurstInput.Throttled,
            OldSocket = OldSocketRelease.Late,
            Transcripts = InputTranscripts.After,
        },
    ];

    /// <summary>Goes round with the number.</summary>
    public static SimulatorKnobs Of(int number) => All[(int)((uint)number % All.Count)];
}
