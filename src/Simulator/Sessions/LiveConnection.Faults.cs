using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>Phases, and the faults that strike in them.</summary>
public sealed partial class LiveConnection
{
    private readonly List<(FaultPhase Phase, SimTimer Timer)> _strikes = [];
    private readonly List<(FaultPhase Phase, ArmedFault Fault, int AtFrame)> _frameStrikes = [];
    private FaultPhase _phase = FaultPhase.Setup;
    private DateTimeOffset _phaseSince;
    private int _frames;
    private int _phaseFirstFrame;
    private readonly HashSet<FaultPhase> _beside = [];

    private FaultPoint Point(FaultPhase phase) =>
        new(phase, _session?.Model.Id ?? "", Number, _session?.Connections.Count ?? 0, TurnNumber);

    /// <summary>The turn of the exchange that is under way or comes next, from 1.</summary>
    private int TurnNumber => _memory.ModelTurns + 1;

    private void Enter(FaultPhase phase)
    {
        if (_phase == phase && _phaseSince != default)
            return;
        Disarm(_phase);
        _phase = phase;
        _phaseSince = _now;
        _phaseFirstFrame = _frames;
        ArmFaults(phase);
    }

    /// <summary>A phase that runs beside the others.</summary>
    private void EnterBeside(FaultPhase phase)
    {
        if (_beside.Add(phase))
            ArmFaults(phase);
    }

    private void LeaveBeside(FaultPhase phase)
    {
        if (_beside.Remove(phase))
            Disarm(phase);
    }

    private void ArmFaults(FaultPhase phase)
    {
        var since = _beside.Contains(phase) ? _now : _phaseSince;
        foreach (var fault in _world.Faults.Striking(Point(phase)))
        {
            if (fault.Rule.AfterFrames is { } frames && frames > 0)
            {
                _frameStrikes.Add((phase, fault, (_beside.Contains(phase) ? _frames : _phaseFirstFrame) + frames));
                continue;
            }
            var at = since + TimeSpan.FromMilliseconds(fault.Rule.AfterMs ?? 0);
            var timer = _timers.Arm(at > _now ? at : _now, () => Strike(fault, phase));
            _strikes.Add((phase, timer));
        }
    }

    private void Disarm(FaultPhase phase)
    {
        foreach (var (_, timer) in _strikes.Where(strike => strike.Phase == phase))
            timer.Cancel();
        _strikes.RemoveAll(strike => strike.Phase == phase);
        _frameStrikes.RemoveAll(strike => strike.Phase == phase);
    }

    private void RearmAll()
    {
        Disarm(_phase);
        ArmFaults(_phase);
        foreach (var phase in _beside)
        {
            Disarm(phase);
            ArmFaults(phase);
        }
    }

    private void CountFrame()
    {
        _frames++;
        for (var i = _frameStrikes.Count - 1; i >= 0; i--)
        {
            var (phase, fault, atFrame) = _frameStrikes[i];
            if (_frames < atFrame)
                continue;
            _frameStrikes.RemoveAt(i);
            // Not in the middle of what is being done: as the next thing.
            _timers.Arm(_now, () => Strike(fault, phase));
        }
    }

    private void Strike(ArmedFault fault, FaultPhase phase)
    {
        if (_ended || !(phase == _phase || _beside.Contains(phase)) || !fault.TryUse())
            return;
        var rule = fault.Rule;
        switch (rule.Action)
        {
            case FaultAction.Close:
                End(new Refusal(rule.Code, rule.Reason));
                break;
            case FaultAction.Abort:
                Abort(TimeSpan.FromMilliseconds(rule.Ms ?? 0));
                break;
            case FaultAction.Silence:
                _silent = true;
                break;
            case FaultAction.GoAway:
                StrikeGoAway(rule);
                break;
            case FaultAction.SpuriousInterrupted:
                Send(ServerFrames.Interrupted);
                Send(ServerFrames.TurnComplete(null, null, _request.IsVertex));
                break;
            case FaultAction.SlowPongs:
                _outputs.Add(new SimOutput.SlowPongs(
                    TimeSpan.FromMilliseconds(rule.MinMs ?? 8_000), TimeSpan.FromMilliseconds(rule.MaxMs ?? 30_000)));
                break;
        }
    }

    private void StrikeGoAway(FaultRule rule)
    {
        var left = TimeSpan.FromMilliseconds(rule.Ms ?? 50_000);
        Send(ServerFrames.GoAway(left));
        switch (rule.Then)
        {
            case GoAwayEnd.Deadline:
                Arm(left, () => End(Refusal.Deadline));
                break;
            case GoAwayEnd.Aborted:
                Arm(left, () => End(Refusal.Aborted));
                break;
            case GoAwayEnd.Silence:
                _silent = true;
                break;
        }
    }
}
