using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Gemini.Live.WebSockets;

/// <summary>
/// Keys for the frames of a client's end (RFC 6455 §5.3: fresh and not to be foreseen). The system's generator is asked for many
/// at a time, because a call for each costs more than a frame's mask does.
/// </summary>
internal static class MaskKeys
{
    private const int AtATime = 256;

    [ThreadStatic]
    private static uint[]? keys;

    [ThreadStatic]
    private static int left;

    public static uint Next()
    {
        keys ??= new uint[AtATime];
        if (left == 0)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(keys.AsSpan()));
            left = AtATime;
        }

        return keys[--left];
    }
}
