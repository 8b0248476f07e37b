using System.Collections.Immutable;

namespace Orchestrator.Grains.Actor;

/// <summary>Which output frames have asked the client for which function calls, as long as somebody may want to know.</summary>
internal sealed class AskedCalls
{
    private readonly Dictionary<string, long> _frames = new(StringComparer.Ordinal);

    public void Add(ImmutableArray<string> calls, long frame)
    {
        foreach (var call in calls)
        {
            _frames[call] = frame;
        }
    }

    /// <returns>The frame that the client must have had, to answer; 0 when that is known already.</returns>
    public long Confirmed(string call) => _frames.Remove(call, out var frame) ? frame : 0;

    /// <returns>A frame that asks for nothing any more; 0 when there is none.</returns>
    public long Forgotten(string call) => _frames.Remove(call, out var frame) && !_frames.ContainsValue(frame) ? frame : 0;
}
