using System.Text.Json;
using Gemini.Live.Setup;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>Derives what the step decides by from the setup and the silo's settings.</summary>
internal static class ConversationRulesReader
{
    /// <summary>Google does not publish its default; 800 ms of silence ends a turn in what was observed.</summary>
    private const long DefaultSilenceMs = 800;

    public static ConversationRules Read(SetupPlan setup, string endpoint, ConversationSettings settings) =>
        new(setup.ManualActivity, SilenceMs(setup.Setup), setup.HasInitialHistory, endpoint, setup.Hash)
        {
            GraceMs = (long)settings.Grace.TotalMilliseconds,
        };

    private static long SilenceMs(JsonElement setup) =>
        ServerNotices.TryGet(setup, "realtimeInputConfig", "realtime_input_config", out var input)
        && ServerNotices.TryGet(input, "automaticActivityDetection", "automatic_activity_detection", out var detection)
        && ServerNotices.TryGet(detection, "silenceDurationMs", "silence_duration_ms", out var silence)
        && silence.ValueKind == JsonValueKind.Number && silence.TryGetInt64(out var ms) && ms > 0
            ? ms
            : DefaultSilenceMs;
}
