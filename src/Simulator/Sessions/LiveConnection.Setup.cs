using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>Credentials, setup, resumption and the end of the connection.</summary>
public sealed partial class LiveConnection
{
    private SessionSetup? _setup;
    private bool _setupPending;
    private SimSession? _session;
    private SessionMemory _memory = new();
    private ConnectionRecord? _record;
    private string _apiKey = "";
    private EphemeralToken? _token;

    /// <summary>Checked after the upgrade, as Google does: the refusal is a close frame.</summary>
    private Refusal? RefuseCredential()
    {
        if (string.IsNullOrEmpty(_request.Credential))
            return Refusal.Unregistered;
        var isToken = _request.Credential.StartsWith("auth_tokens/", StringComparison.Ordinal);
        // Vertex has looked at it before the upgrade. Tokens change; who owns a session is in the model's name.
        if (_request is { IsVertex: true, Bearer: true })
            return null;
        if (!_request.Constrained)
        {
            _apiKey = _request.Credential;
            return isToken || (_options.ApiKeys.Count > 0 && !_options.ApiKeys.Contains(_apiKey)) ? Refusal.BadKey : null;
        }
        if (!isToken)
            return Refusal.Unregistered;
        _token = _world.Tokens.Find(_request.Credential);
        if (_token is null || _token.Expires <= _now)
            return Refusal.BadKey;
        _apiKey = _token.ApiKey;
        _timers.Arm(_token.Expires, () => End(Refusal.Aborted));
        return null;
    }

    private Refusal? OnSetup(JsonElement setup)
    {
        if (_token?.Setup is not null)
        {
            var merged = _token.Apply(JsonNode.Parse(setup.GetRawText())!.AsObject());
            using var document = JsonDocument.Parse(merged.ToJsonString());
            return OnEffectiveSetup(document.RootElement);
        }
        return OnEffectiveSetup(setup);
    }

    private Refusal? OnEffectiveSetup(JsonElement json)
    {
        if (SetupChecks.Check(json, _request, out var model) is { } refusal)
            return refusal;
        if (_request.Bearer)
            _apiKey = json.Get("model").Text()!.Split("/publishers/")[0];
        var setup = SessionSetup.Read(json, model!, _options, _request.IsVertex);
        if (!_knobs.DeafWithoutCoverage)
            setup = setup with { Deaf = false };
        refusal = setup.Handle is { } handle ? Resume(setup, handle) : Begin(setup);
        if (refusal is not null)
            return refusal;

        _record = new ConnectionRecord(Number, _now);
        _session!.Connections.Add(_record);
        _session.Current = this;
        _session.EndedAt = null;
        _session.FirstSetup ??= setup;
        if (setup.Handle is not null && _knobs.ResumeKeepsFirstSetup)
            setup = _session.FirstSetup with { Handle = setup.Handle };
        LogReceived(json.RawLength(), json);

        _setupPending = true;
        // Faults of the setup phase strike between the setup frame and setupComplete.
        Enter(FaultPhase.Setup);
        var delay = _world.Faults.Take(FaultAction.DelaySetupComplete, Point(FaultPhase.Setup))?.Ms ?? 0;
        Arm(TimeSpan.FromMilliseconds(delay), () => CompleteSetup(setup));
        return null;
    }

    private Refusal? Begin(SessionSetup setup)
    {
        if (_token is not null)
        {
            if (_token.UsesLeft == 0 || _token.NewSessionExpires <= _now)
                return Refusal.BadKey;
            if (_token.UsesLeft is not null)
                _token.UsesLeft--;
        }
        _session = _world.NewSession(setup.Model, _apiKey, _now);
        _memory = _session.Memory;
        return null;
    }

    private Refusal? Resume(SessionSetup setup, string value)
    {
        var point = new FaultPoint(FaultPhase.Setup, setup.Model.Id, Number, 0, 0);
        var handle = _world.FindHandle(value, _apiKey, _now);
        if (handle is not null)
            point = point with { SessionConnection = handle.Session.Connections.Count + 1 };
        if (_world.Faults.Take(FaultAction.RejectHandle, point) is { } fault)
            return Refusal.Handle(fault.Form ?? _knobs.HandleRefusal);
        if (handle is null)
            return Refusal.Handle(_knobs.HandleRefusal);
        if (handle.Session.Model.Id != setup.Model.Id)
            return Refusal.InvalidArgument;
        // One live socket per session (measured: sip-to-ai PR 14).
        if (handle.Session.Current is not null || _now < handle.Session.ReleasedAt)
            return new Refusal(1011, _options.OldSocketOpenReason);

        _session = handle.Session;
        var lost = _world.Faults.Take(FaultAction.LoseContext, point) is not null;
        _session.Memory = _memory = lost ? new SessionMemory() : handle.Memory.Fork(handle.Position);
        foreach (var (id, call) in lost ? new Dictionary<string, PendingCall>(StringComparer.Ordinal) : handle.PendingCalls)
            _pendingCalls[id] = call;
        return null;
    }

    private void CompleteSetup(SessionSetup setup)
    {
        _setup = setup;
        _historyOpen = setup.InitialHistory && setup.Handle is null;
        _vad = NewVad(setup);
        Send(_request.IsVertex ? ServerFrames.VertexSetupComplete(_session!.Id) : ServerFrames.SetupComplete);
        if (_options.GoAwayLead > TimeSpan.Zero && _options.GoAwayLead < _options.ConnectionCap)
            _timers.Arm(_openedAt + _options.ConnectionCap - _options.GoAwayLead, () => Send(ServerFrames.GoAway(_options.GoAwayLead)));
        _timers.Arm(_openedAt + _options.ConnectionCap, () => End(Refusal.Deadline));
        IssueHandle(first: true);
        if (_options.HandleEvery > TimeSpan.Zero)
            Arm(_options.HandleEvery, RepeatHandle);
        if (setup.Handle is not null)
            EnterBeside(FaultPhase.Replay);
        Enter(FaultPhase.Idle);
    }

    private VoiceActivity NewVad(SessionSetup setup) =>
        new(setup.PrefixPadding, setup.Silence, setup.Threshold, _knobs.VadClock == VadClock.Wall);

    /// <summary>The connection is over: what was being said is lost, and the session may be resumed.</summary>
    private void Release(int? code, string reason, bool byClient)
    {
        _ended = true;
        _timers.Clear();
        if (_session is null || _record is null)
            return;
        if (_reply?.Entry is { } entry)
            _memory.EndTurn(entry, TurnEnding.Lost);
        _reply = null;
        _record.ClosedAt = _now;
        _record.CloseCode = code;
        _record.CloseReason = reason;
        LogClose(code, reason, byClient);
        if (_session.Current != this)
            return;
        _session.Current = null;
        _session.EndedAt = _now;
        if (byClient && _knobs.OldSocket == OldSocketRelease.Late)
            _session.ReleasedAt = _now + TimeSpan.FromMilliseconds(_random.Next(0, 5_000));
    }
}
