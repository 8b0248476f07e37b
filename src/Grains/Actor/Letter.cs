using System.Buffers;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;

namespace Orchestrator.Grains.Actor;

internal enum LetterKind : byte
{
    Input,
    Attach,
    ClientFrame,
    LinkFrame,
    Confirmed,
    PumpDue,
    Finished,
}

/// <summary>What stands in a mailbox: an input, or the makings of one, without an allocation for audio.</summary>
internal readonly record struct Letter(LetterKind Kind)
{
    public ConversationInput? Input { get; init; }

    public object? Subject { get; init; }

    public ReadOnlyMemory<byte> Payload { get; init; }

    public long Number { get; init; }

    public InputTraits Traits { get; init; }

    public int AudioMs { get; init; }

    private byte[]? Rented { get; init; }

    /// <summary>Bytes that this letter keeps while it waits; 0 for one that is handled where it arrived.</summary>
    public int WaitingBytes => Rented is null ? 0 : Payload.Length;

    /// <summary>A letter that has to wait takes its bytes along: the receiver's buffer will not.</summary>
    public Letter Copying(ReadOnlyMemory<byte> payload)
    {
        var rented = ArrayPool<byte>.Shared.Rent(payload.Length);
        payload.CopyTo(rented);
        return this with { Rented = rented, Payload = rented.AsMemory(0, payload.Length) };
    }

    public void Recycle()
    {
        if (Rented is not null)
        {
            ArrayPool<byte>.Shared.Return(Rented);
        }
    }
}
