using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>The oracle for tests in the same process; the same answers as over HTTP.</summary>
public sealed partial class SimulatorWorld
{
    /// <summary>All sessions, newest last, as <c>GET /sim/v1/sessions</c>.</summary>
    public JsonArray ReadSessions() => JsonSerializer.SerializeToNode(MemoryReport.Sessions(this), SimJson.Options)!.AsArray();

    /// <summary>What the session's context contains, as <c>GET /sim/v1/sessions/{id}/memory</c>; null for an unknown session.</summary>
    public JsonObject? ReadMemory(string session) =>
        FindSession(session) is { } found ? JsonSerializer.SerializeToNode(MemoryReport.Memory(found), SimJson.Options)!.AsObject() : null;

    /// <summary>The user's PCM in the context, in order; null for an unknown session.</summary>
    public byte[]? ReadUserAudio(string session) => FindSession(session) is { } found ? MemoryReport.UserAudio(found) : null;

    /// <summary>The model's PCM put on the wire over all connections; null for an unknown session.</summary>
    public byte[]? ReadModelAudio(string session) => FindSession(session)?.ModelAudio.ToArray();
}
