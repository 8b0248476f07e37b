using Orchestrator.Testing.Promises;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>The context of the last upstream session: what became of the whole conversation.</summary>
internal static class ModelContext
{
    public static IReadOnlyList<ContextItem> Read(VirtualConversation conversation)
    {
        if (LastSession(conversation) is not { } session)
        {
            return [];
        }

        return ContextReader.Read(conversation.World.ReadMemory(session)!, conversation.World.ReadModelAudio(session)!);
    }

    /// <summary>The session of the newest connection.</summary>
    public static string? LastSession(VirtualConversation conversation) => conversation.World.ReadSessions()
        .OrderBy(session => session!["connections"]!.AsArray().Select(connection => (int)connection!["connection"]!).DefaultIfEmpty(0).Max())
        .Select(session => (string?)session!["session"])
        .LastOrDefault();
}
