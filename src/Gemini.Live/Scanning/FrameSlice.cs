namespace Gemini.Live.Scanning;

/// <summary>
/// Where a value stands inside the frame that was scanned: an offset and a length in bytes.
/// For strings it covers the characters between the quotes, still escaped; for objects it
/// includes the braces. The default value means that the frame does not have the member.
/// </summary>
public readonly record struct FrameSlice(int Start, int Length)
{
    /// <summary>True when the member is absent or an empty string.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The bytes themselves, out of the same frame that was scanned.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> frame) => frame.Slice(Start, Length);
}
