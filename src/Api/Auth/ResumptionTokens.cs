using System.Buffers.Binary;
using System.Text;
using Orchestrator.Secrets;

namespace Orchestrator.Api.Auth;

/// <summary>
/// Orchestrator's own resumption handles: a sealed word that says which conversation may be resumed until when, and
/// that opens for one tenant only. Every front-end with the same keys accepts it.
/// </summary>
public sealed class ResumptionTokens(KeyRing keys)
{
    private const int ConversationBytes = 16;
    private const int TokenBytes = ConversationBytes + sizeof(long);

    /// <summary>No token of ours is longer; longer ones are not looked at.</summary>
    private const int LongestToken = 256;

    /// <summary>Purpose of the keys, where a store keeps them for all front-ends.</summary>
    public const string KeyPurpose = "resumption";

    private readonly SecretBox box = new(keys);

    /// <summary>Keys of the data directory, <c>keys/resumption.keys</c>.</summary>
    public static ResumptionTokens Open(string dataDirectory) => new(KeyRing.LoadOrCreate(dataDirectory, KeyPurpose));

    /// <summary>Issues a token that is good until, and not at, <paramref name="expires"/>.</summary>
    public string Issue(TenantId tenant, ConversationId conversation, DateTimeOffset expires)
    {
        Span<byte> plain = stackalloc byte[TokenBytes];
        conversation.Value.TryWriteBytes(plain, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(plain[ConversationBytes..], expires.ToUnixTimeMilliseconds());
        return box.Seal(plain, Binding(tenant));
    }

    /// <summary>False, without saying why, for a token that is forged, cut, expired or another tenant's.</summary>
    public bool TryOpen(string? token, TenantId presenting, DateTimeOffset now, out ConversationId conversation)
    {
        conversation = default;
        if (token is null or { Length: > LongestToken }
            || !box.TryOpen(token, Binding(presenting), out var plain)
            || plain.Length != TokenBytes
            || BinaryPrimitives.ReadInt64BigEndian(plain.AsSpan(ConversationBytes)) <= now.ToUnixTimeMilliseconds())
        {
            return false;
        }

        conversation = new ConversationId(new Guid(plain.AsSpan(0, ConversationBytes), bigEndian: true));
        return true;
    }

    private static byte[] Binding(TenantId tenant) => Encoding.UTF8.GetBytes($"resume/{tenant}");
}
