using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>Resumption handles: when they come and what they cover.</summary>
public sealed partial class LiveConnection
{
    private int _handlesMade;
    private int _newestHandle;

    private bool AnnouncesHandles => _setup!.Resumption || _setup.Model.Facts.ResumptionUpdateUnasked;

    /// <summary>No handle covers a generation or a running tool (dossier §3.5).</summary>
    private bool IsResumable => _reply is null or { IsAwaiting: true };

    private void IssueHandle(bool first)
    {
        if (!AnnouncesHandles || (!first && _knobs.HandleComes == HandleTiming.Never))
            return;
        var point = Point(_phase);
        if (_world.Faults.Take(FaultAction.MissingHandle, point) is not null)
            return;
        var late = _world.Faults.Take(FaultAction.LateHandle, point) is { } fault
            ? TimeSpan.FromMilliseconds(fault.Ms ?? 2_000)
            : !first && _knobs.HandleComes == HandleTiming.Late ? TimeSpan.FromMilliseconds(_random.Next(0, 2_000)) : TimeSpan.Zero;
        var number = ++_handlesMade;
        if (late == TimeSpan.Zero)
        {
            SendHandle(Coverage(), number);
            return;
        }
        // Whether a late handle covers the moment of its making or of its delivery: nobody knows.
        int? made = _random.Next(2) == 0 ? Coverage() : null;
        Arm(late, () =>
        {
            // One stream: what is older than the last one sent never follows it.
            if (IsResumable && number > _newestHandle)
                SendHandle(made ?? Coverage(), number);
        });
    }

    private void RepeatHandle()
    {
        if (IsResumable)
            IssueHandle(first: false);
        Arm(_options.HandleEvery, RepeatHandle);
    }

    private void SendHandle(int position, int number)
    {
        _newestHandle = number;
        var calls = new Dictionary<string, PendingCall>(_pendingCalls, StringComparer.Ordinal);
        var handle = _world.NewHandle(_session!, _memory, position, calls, _knobs.OlderHandle == OlderHandle.Void);
        Send(ServerFrames.Handle(handle.Value));
    }

    private void SendNotResumable()
    {
        if (AnnouncesHandles)
            Send(_random.Next(2) == 0 ? ServerFrames.NotResumable : ServerFrames.NotResumableOmitted);
    }

    /// <summary>How many entries of the memory a handle made now would cover.</summary>
    private int Coverage()
    {
        var entries = _memory.Entries;
        var position = entries.Count;
        if (_knobs.HandleCovers == HandleCoverage.LastTurn)
        {
            while (position > 0 && !EndsTurn(entries[position - 1]))
                position--;
            if (position > 0)
                position = Math.Max(position, entries[position - 1].EndedAt);
        }
        else if (_knobs.HandleCovers == HandleCoverage.AllReceivedMinusInFlight)
        {
            var since = _now - TimeSpan.FromMilliseconds(_random.Next(20, 300));
            while (position > 0 && entries[position - 1] is { Kind: MemoryKind.Audio } audio && audio.At >= since)
                position--;
        }
        return position;
    }

    private static bool EndsTurn(MemoryEntry entry) =>
        (entry.Kind == MemoryKind.Model && entry.Ending is TurnEnding.Complete or TurnEnding.Interrupted)
        || (entry.Kind == MemoryKind.Content && !entry.Pending);
}
