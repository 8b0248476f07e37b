using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>What becomes of a TCP connection that asks for an upgrade.</summary>
public abstract record DialVerdict
{
    private DialVerdict()
    {
    }

    /// <summary>Upgrade and go on with this connection.</summary>
    public sealed record Accept(LiveConnection Connection) : DialVerdict;

    /// <summary>Answer with this HTTP status.</summary>
    public sealed record Refuse(int Status) : DialVerdict;

    /// <summary>Reset the TCP connection.</summary>
    public sealed record Reset : DialVerdict;
}

/// <summary>
/// Google's side of the line, all of it: sessions, handles, tokens, scripts, faults. Pure and deterministic:
/// it has no clock, no sockets and no randomness but its seed. It is not thread-safe; the shell around it
/// holds <see cref="Gate"/> for every call into the world or one of its connections.
/// </summary>
public sealed partial class SimulatorWorld
{
    private readonly Dictionary<string, ResumptionHandle> _handles = new(StringComparer.Ordinal);
    private readonly List<SimSession> _sessions = [];
    private int _connections;

    /// <param name="options">Used as they are at each moment; knobs are copied per connection.</param>
    public SimulatorWorld(SimulatorOptions options)
    {
        Options = options;
        Knobs = options.Knobs;
        Faults = new FaultBook(options.Faults);
        Scripts = new ScriptBook(options.Scripts);
        Random = new Random(options.Seed);
        Tokens = new TokenBook(this);
    }

    /// <summary>Held by the shell around every call.</summary>
    public Lock Gate { get; } = new();

    public SimulatorOptions Options { get; }

    /// <summary>Settings of connections made from now on.</summary>
    public SimulatorKnobs Knobs { get; private set; }

    internal FaultBook Faults { get; }

    internal ScriptBook Scripts { get; }

    internal TokenBook Tokens { get; }

    internal Random Random { get; private set; }

    internal IReadOnlyList<SimSession> Sessions => _sessions;

    /// <summary>A client dials; counted whatever the verdict.</summary>
    public DialVerdict Dial(ConnectRequest request)
    {
        var number = ++_connections;
        var point = new FaultPoint(FaultPhase.Dial, "", number, 0, 0);
        if (Faults.Take(FaultAction.RefuseConnect, point) is { } refusal)
            return new DialVerdict.Refuse(refusal.Status);
        if (Faults.Take(FaultAction.ResetConnect, point) is not null)
            return new DialVerdict.Reset();
        // The Developer API upgrades first and refuses the key by a close; Vertex answers 401 [inferred].
        if (request.IsVertex && !IsKnown(request.Credential))
            return new DialVerdict.Refuse(401);
        return new DialVerdict.Accept(new LiveConnection(this, request, number, new Random(Random.Next())));
    }

    /// <summary>Replaces the knobs for connections to come.</summary>
    public void Turn(SimulatorKnobs knobs) => Knobs = knobs;

    /// <summary>Adds faults for connections to come; open ones must be told with <see cref="LiveConnection.Rearm"/>.</summary>
    public void Inject(IEnumerable<FaultRule> faults) => Faults.Add(faults);

    /// <summary>Replaces the scripted replies.</summary>
    public void Script(IEnumerable<ScriptRule> rules) => Scripts.Replace(rules);

    /// <summary>Forgets sessions, handles and tokens, and takes faults, scripts, knobs, counting and the seed back to the options. Open connections live on unlisted.</summary>
    public void Reset()
    {
        _sessions.Clear();
        _handles.Clear();
        _connections = 0;
        Faults.Replace(Options.Faults);
        Scripts.Replace(Options.Scripts);
        Knobs = Options.Knobs;
        Tokens.Clear();
        Random = new Random(Options.Seed);
    }

    private bool IsKnown(string? credential) =>
        !string.IsNullOrEmpty(credential) && (Options.ApiKeys.Count == 0 || Options.ApiKeys.Contains(credential));

    internal SimSession? FindSession(string id) => _sessions.Find(session => session.Id == id);

    internal SimSession NewSession(ModelBehaviour model, string apiKey, DateTimeOffset now)
    {
        var session = new SimSession(NewId(), model, apiKey, now);
        _sessions.Add(session);
        Forget();
        return session;
    }

    /// <summary>The handle, if it is known, of this key, and not too old.</summary>
    internal ResumptionHandle? FindHandle(string value, string apiKey, DateTimeOffset now)
    {
        if (!_handles.TryGetValue(value, out var handle) || handle.Session.ApiKey != apiKey)
            return null;
        return handle.Session.EndedAt is { } ended && handle.Session.Current is null && now - ended > Options.HandleLifetime ? null : handle;
    }

    internal ResumptionHandle NewHandle(SimSession session, SessionMemory memory, int position, IReadOnlyDictionary<string, PendingCall> calls, bool voidOlder)
    {
        if (voidOlder)
        {
            foreach (var old in session.Handles)
                _handles.Remove(old);
            session.Handles.Clear();
        }
        var handle = new ResumptionHandle(NewId(), session, memory, position, calls);
        _handles[handle.Value] = handle;
        session.Handles.Add(handle.Value);
        return handle;
    }

    /// <summary>A UUID of version 4 in form, drawn from the seed.</summary>
    internal string NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.NextBytes(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes).ToString();
    }

    private void Forget()
    {
        while (_sessions.Count > Options.EndedSessionsKept)
        {
            var oldest = _sessions.Find(session => session.Current is null);
            if (oldest is null)
                return;
            foreach (var handle in oldest.Handles)
                _handles.Remove(handle);
            _sessions.Remove(oldest);
        }
    }
}
