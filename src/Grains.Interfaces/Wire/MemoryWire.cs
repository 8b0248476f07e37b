using Orchestrator.Attach;

namespace Orchestrator.Wire;

/// <summary>What an edge remembers, as a part of an <see cref="AttachWire"/>.</summary>
internal static class MemoryWire
{
    private const int Numbers = (5 * 8) + 4 + 4;

    public static int SizeOf(EdgeMemory? memory) => 1 + (memory is null ? 0 : Numbers + memory.Frames.Sum(frame => 4 + frame.Length));

    public static void Write(ref WireWriter to, EdgeMemory? memory)
    {
        to.Flag(memory is not null);
        if (memory is null)
        {
            return;
        }

        to.I64(memory.SettledInput);
        to.I64(memory.LastOutput);
        to.I64(memory.LastTurnEnd);
        to.I64(memory.AwayMs);
        to.I64(memory.Epoch);
        to.U32((uint)memory.SpokenMs);
        to.U32((uint)memory.Frames.Count);
        foreach (var frame in memory.Frames)
        {
            to.U32((uint)frame.Length);
            to.Bytes(frame.Span);
        }
    }

    /// <summary>The frames are copied: they outlive the buffer.</summary>
    public static EdgeMemory? Read(ref WireCursor from)
    {
        if (!from.Flag())
        {
            return null;
        }

        var memory = new EdgeMemory
        {
            SettledInput = from.Position(),
            LastOutput = from.Position(),
            LastTurnEnd = from.Position(),
            AwayMs = from.Position(),
            Epoch = from.Position(),
            SpokenMs = from.Count(),
        };
        var frames = new List<ReadOnlyMemory<byte>>();
        for (var left = from.Count(); left > 0 && !from.Failed; left--)
        {
            frames.Add(from.Bytes(from.Count()).ToArray());
        }

        return memory with { Frames = frames };
    }
}
