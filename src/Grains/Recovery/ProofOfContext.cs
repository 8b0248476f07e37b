using System.Text.Json;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Recovery;

/// <summary>
/// A resumed session whose prompt has shrunk to less than half, and below what compression would have left, has lost
/// its context although the handle was accepted. It is replaced by a seeded one at the next quiet moment.
/// </summary>
internal static class ProofOfContext
{
    private const int Share = 2;

    public static void Metered(Transition t, JsonElement usage)
    {
        if (Number(usage, "promptTokenCount") is not { } prompt)
        {
            return;
        }

        var before = t.State.PromptTokens;
        if (t.State.Link is LinkState.Live { Plan: ResumePlan.Resume, TurnDone: false }
            && before > (long)prompt * Share && prompt < t.State.Rules.Model.CompressedTokens)
        {
            t.Count("contextLost");
            RotationStep.Repair(t);
        }

        t.State = t.State with { PromptTokens = prompt, UsedTokens = t.State.UsedTokens + (Number(usage, "totalTokenCount") ?? prompt) };
    }

    private static int? Number(JsonElement usage, string name) =>
        usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty(name, out var value) && value.TryGetInt32(out var number) ? number : null;
}
