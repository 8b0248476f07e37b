using System.Globalization;
using System.Security.Cryptography;

namespace Orchestrator.Secrets;

/// <summary>
/// The 256-bit keys of one purpose. The key with the highest id seals; every key still opens. A key is rotated
/// by adding a line with the next id to its file, and retired by deleting its line.
/// </summary>
public sealed class KeyRing
{
    /// <summary>Size of a key.</summary>
    public const int KeyBytes = 32;

    private readonly SortedDictionary<byte, byte[]> keys;

    private KeyRing(SortedDictionary<byte, byte[]> keys) => this.keys = keys;

    /// <summary>Id of the key that seals.</summary>
    public byte Newest => keys.Keys.Last();

    /// <summary>The key with that id; null when the ring does not have it.</summary>
    public byte[]? Find(byte id) => keys.GetValueOrDefault(id);

    /// <summary>True when every key of the other ring is in this one.</summary>
    public bool HasAllOf(KeyRing other) => other.keys.All(k => keys.TryGetValue(k.Key, out var mine) && mine.AsSpan().SequenceEqual(k.Value));

    /// <summary>A ring of keys that are kept elsewhere, for example in the cluster's database.</summary>
    /// <exception cref="InvalidDataException">There is none, an id comes twice, or a key has not <see cref="KeyBytes"/> bytes.</exception>
    public static KeyRing Of(IEnumerable<(byte Id, byte[] Key)> keys)
    {
        var ring = new SortedDictionary<byte, byte[]>();
        foreach (var (id, key) in keys)
        {
            if (key.Length != KeyBytes || !ring.TryAdd(id, key))
            {
                throw new InvalidDataException($"Key {id} comes twice, or has not {KeyBytes} bytes.");
            }
        }

        return ring.Count > 0 ? new KeyRing(ring) : throw new InvalidDataException("A key ring needs a key.");
    }

    /// <summary>A ring of one random key that is kept nowhere: what it seals dies with the process.</summary>
    public static KeyRing Fleeting() => Of([(1, RandomNumberGenerator.GetBytes(KeyBytes))]);

    /// <summary>
    /// Reads <c>keys/&lt;purpose&gt;.keys</c> of a data directory, one <c>id base64</c> per line, <c>#</c> for remarks;
    /// creates it with one random key, mode 0600, when it does not exist.
    /// </summary>
    /// <exception cref="InvalidDataException">The file exists and is not readable as keys. It is never overwritten:
    /// what it sealed could not be opened any more.</exception>
    public static KeyRing LoadOrCreate(string dataDirectory, string purpose)
    {
        var directory = Path.Combine(dataDirectory, "keys");
        PrivateFiles.CreateDirectory(directory);
        var path = Path.Combine(directory, purpose + ".keys");
        if (!File.Exists(path))
        {
            var line = $"1 {Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes))}\n";
            PrivateFiles.CreateOnce(path, line);
        }

        return Parse(File.ReadAllLines(path), path);
    }

    private static KeyRing Parse(string[] lines, string path)
    {
        var read = new SortedDictionary<byte, byte[]>();
        for (var i = 0; i < lines.Length; i++)
        {
            var parts = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (parts.Length == 0 || parts[0].StartsWith('#'))
            {
                continue;
            }

            var key = new byte[KeyBytes];
            if (parts.Length != 2
                || !byte.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                || !Convert.TryFromBase64String(parts[1], key, out var written)
                || written != KeyBytes
                || !read.TryAdd(id, key))
            {
                throw new InvalidDataException($"{path}, line {i + 1}: expected an id from 0 to 255 that was not used before, and a base64 key of {KeyBytes} bytes.");
            }
        }

        return read.Count > 0 ? new KeyRing(read) : throw new InvalidDataException($"{path} contains no key.");
    }
}
