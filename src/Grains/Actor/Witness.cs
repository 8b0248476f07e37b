using System.Collections.Immutable;
using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

/// <summary>Reads an edge's memory, which is bytes, into what the step needs of it.</summary>
internal static class Witness
{
    public static ClientHas? Of(EdgeMemory? memory)
    {
        if (memory is null)
        {
            return null;
        }

        var has = new ClientHas(memory.LastOutput, memory.LastTurnEnd, memory.AwayMs) { SpokenMs = memory.SpokenMs };
        var calls = ImmutableHashSet.CreateBuilder<string>(StringComparer.Ordinal);
        foreach (var frame in memory.Frames)
        {
            if (FrameScanner.TryScanServer(frame.Span, out var scanned, out _))
            {
                var notice = ServerNotices.Read(frame.Span, scanned);
                calls.UnionWith(notice.Calls.Select(call => call.Id));
                has = has with
                {
                    UserText = has.UserText + notice.InputText,
                    ModelText = has.ModelText + notice.OutputText,
                    Parts = has.Parts | notice.Parts,
                };
            }
        }

        return has with { Calls = calls.ToImmutable() };
    }
}
