using Gemini.Live.Simulator.Model;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>One connection of a session, for the record.</summary>
internal sealed class ConnectionRecord(int number, DateTimeOffset openedAt)
{
    public int Number { get; } = number;

    public DateTimeOffset OpenedAt { get; } = openedAt;

    public DateTimeOffset? ClosedAt { get; set; }

    /// <summary>The code of whichever side closed; null while open and when the network was lost.</summary>
    public int? CloseCode { get; set; }

    public string? CloseReason { get; set; }
}

/// <summary>One frame that went over the wire.</summary>
/// <param name="Audio">Decoded audio in the frame, in bytes.</param>
/// <param name="Text">The frame's JSON; of a frame with audio only its transcript, or null.</param>
internal readonly record struct WireFrame(double Ms, bool Received, int Connection, int Bytes, int Audio, string? Text);

/// <summary>A session: the chain of connections that resumed one another, and what its context holds.</summary>
internal sealed class SimSession(string id, ModelBehaviour model, string apiKey, DateTimeOffset createdAt)
{
    public string Id { get; } = id;

    public ModelBehaviour Model { get; } = model;

    public string ApiKey { get; } = apiKey;

    public DateTimeOffset CreatedAt { get; } = createdAt;

    public List<ConnectionRecord> Connections { get; } = [];

    public SessionMemory Memory { get; set; } = new();

    public SessionSetup? FirstSetup { get; set; }

    /// <summary>The connection that is open now.</summary>
    public LiveConnection? Current { get; set; }

    /// <summary>Until then the last socket counts as open (knob).</summary>
    public DateTimeOffset ReleasedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>All model audio that went out, over all connections.</summary>
    public MemoryStream ModelAudio { get; } = new();

    public Queue<WireFrame> Wire { get; } = new();

    /// <summary>Turns begun over the life of the session; chooses the demo clip.</summary>
    public int RepliesBegun { get; set; }

    public List<string> Handles { get; } = [];
}

/// <summary>A resumption handle: a place in a branch of a session's memory.</summary>
internal sealed record ResumptionHandle(
    string Value, SimSession Session, SessionMemory Memory, int Position, IReadOnlyDictionary<string, PendingCall> PendingCalls);

/// <summary>A call that the model waits for, or will react to.</summary>
/// <param name="Reply">What the model says about the results.</param>
/// <param name="Batch">Calls of one message; the model reacts when all are answered.</param>
internal sealed record PendingCall(string Id, string Name, bool Blocking, ScriptedReply Reply, int Batch);
