using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>How a reply is cut.</summary>
public sealed partial class LiveConnection
{
    /// <summary>
    /// Client input cuts the reply: interrupted, then turnComplete, without generationComplete and usage; also
    /// while playback is assumed to run. A reply that was not begun is dropped without a word.
    /// </summary>
    /// <param name="always">clientContent interrupts even under NO_INTERRUPTION.</param>
    private void Interrupt(bool always)
    {
        if (_reply is not { } reply || (_setup!.NoInterruption && !always))
            return;
        reply.Timer?.Cancel();
        _reply = null;
        if (reply.IsAwaiting)
        {
            _session!.RepliesBegun--;
            // Of an empty turn the rest is withheld already.
            if (reply.Script.Rest && !reply.Faults.Empty)
            {
                List<Stage> rest = [.. reply.Stages];
                _owed = () => rest;
            }
            return;
        }
        CancelCalls(reply.WaitsForTools);
        CloseEntry(reply, TurnEnding.Interrupted);
        Send(ServerFrames.Interrupted);
        Send(ServerFrames.TurnComplete(Status(final: true), null, _request.IsVertex));
        LeaveBeside(FaultPhase.Playback);
        LeaveBeside(FaultPhase.Replay);
        _lastTranscript.Clear();
        IssueHandle(first: false);
    }
}
