using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Orchestrator.Secrets;

/// <summary>
/// Authenticated encryption (AES-256-GCM, random 96-bit nonce) into one printable word:
/// base64url of <c>version(1) keyId(1) nonce(12) ciphertext tag(16)</c>. Version and key id are authenticated too.
/// Thread-safe. A key is good for 2^32 seals.
/// </summary>
public sealed class SecretBox(KeyRing keys)
{
    private const byte Version = 1;
    private const int HeaderBytes = 2;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int Overhead = HeaderBytes + NonceBytes + TagBytes;

    /// <summary>Encrypts; whoever opens it must present the same <paramref name="associated"/> bytes.</summary>
    public string Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated)
    {
        var box = new byte[plain.Length + Overhead];
        box[0] = Version;
        box[1] = keys.Newest;
        var nonce = box.AsSpan(HeaderBytes, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(keys.Find(keys.Newest)!, TagBytes);
        aes.Encrypt(nonce, plain, box.AsSpan(HeaderBytes + NonceBytes, plain.Length), box.AsSpan(^TagBytes..), Bind(box, associated));
        return Base64Url.EncodeToString(box);
    }

    /// <summary>Decrypts; false when the word is forged, cut, of a retired key, or bound to other associated bytes.</summary>
    public bool TryOpen(string word, ReadOnlySpan<byte> associated, [NotNullWhen(true)] out byte[]? plain)
    {
        plain = null;
        if (!Base64Url.IsValid(word))
        {
            return false;
        }

        var box = Base64Url.DecodeFromChars(word);
        // A word has exactly one spelling: base64's unused bits and padding must not give it a second one.
        if (box.Length < Overhead || box[0] != Version || keys.Find(box[1]) is not { } key
            || !string.Equals(Base64Url.EncodeToString(box), word, StringComparison.Ordinal))
        {
            return false;
        }

        var opened = new byte[box.Length - Overhead];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(box.AsSpan(HeaderBytes, NonceBytes), box.AsSpan(HeaderBytes + NonceBytes, opened.Length), box.AsSpan(^TagBytes..), opened, Bind(box, associated));
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }

        plain = opened;
        return true;
    }

    private static byte[] Bind(byte[] box, ReadOnlySpan<byte> associated) => [.. box.AsSpan(0, HeaderBytes), .. associated];
}
