using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores;

/// <summary>
/// What an append says, as 32 bytes, so that a repeated append can be told from another one at the same positions. The stored
/// bytes do not serve: a handle is sealed differently every time.
/// </summary>
internal static class AppendDigest
{
    public static byte[] Of(IReadOnlyList<JournalEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> head = stackalloc byte[20];
        foreach (var entry in entries)
        {
            var fact = JsonSerializer.SerializeToUtf8Bytes(entry.Fact, JournalJson.Options);
            BinaryPrimitives.WriteInt64LittleEndian(head, entry.Position);
            BinaryPrimitives.WriteInt64LittleEndian(head[8..], entry.At.UtcTicks);
            BinaryPrimitives.WriteInt32LittleEndian(head[16..], fact.Length);
            hash.AppendData(head);
            hash.AppendData(fact);
        }

        return hash.GetHashAndReset();
    }
}
