using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Wire;

/// <summary>
/// Both ends prove to each other that they know the cluster's secret without saying it: HMAC-SHA256 with the secret as
/// key over a label of the speaker's side and both greetings, whole. Fresh random numbers of both sides stand in them,
/// so no proof is good twice; the labels differ, so none can be sent back to whoever made it.
/// </summary>
internal sealed class WireProof(string secret)
{
    /// <summary>Version of everything on the wire. Both ends must speak the same.</summary>
    public const ushort Version = 2;

    public const int NonceBytes = 32;

    public const int Bytes = HMACSHA256.HashSizeInBytes;

    private readonly byte[] _key = Encoding.UTF8.GetBytes(secret);

    public static byte[] NewNonce() => RandomNumberGenerator.GetBytes(NonceBytes);

    /// <param name="hello">Body of the edge's greeting.</param>
    /// <param name="welcome">Body of the silo's greeting; its proof is left out.</param>
    public byte[] OfSilo(ReadOnlySpan<byte> hello, ReadOnlySpan<byte> welcome) => Of("orchestrator wire: silo"u8, hello, welcome);

    /// <param name="hello">Body of the edge's greeting.</param>
    /// <param name="welcome">Body of the silo's greeting; its proof is left out.</param>
    public byte[] OfEdge(ReadOnlySpan<byte> hello, ReadOnlySpan<byte> welcome) => Of("orchestrator wire: edge"u8, hello, welcome);

    public static bool Matches(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> presented) =>
        CryptographicOperations.FixedTimeEquals(expected, presented);

    /// <summary>A frame's body as bytes.</summary>
    public static byte[] BodyOf<TFrame>(in TFrame frame)
        where TFrame : struct, IWireFrame
    {
        var body = new byte[frame.Size];
        var writer = new WireWriter(body);
        frame.Write(ref writer);
        return body;
    }

    private byte[] Of(ReadOnlySpan<byte> label, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> welcome)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hmac.AppendData(label);
        hmac.AppendData(hello);
        hmac.AppendData(welcome[..^Bytes]);
        return hmac.GetHashAndReset();
    }
}
