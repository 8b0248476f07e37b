using System.Buffers;
using System.Text;
using System.Text.Json;
using Orchestrator.Journal;
using Orchestrator.Secrets;

namespace Orchestrator.Silo.Stores;

/// <summary>One line of a journal.</summary>
/// <param name="More">True when the next line belongs to the same append: without it, neither counts.</param>
internal readonly record struct JournalLine(JournalEntry Entry, bool More);

/// <summary>
/// Entries as lines: <c>{"n":1,"at":"2026-…Z","type":"turnCommitted",…}</c>, one JSON object each, ended by a
/// line feed. Upstream handles are sealed for their conversation and tenant on the way out and opened on the way in.
/// </summary>
internal sealed class JournalCodec(SecretBox box)
{
    private const string SealedPrefix = "sealed:";

    public void Write(IBufferWriter<byte> to, TenantId tenant, ConversationId conversation, JournalEntry entry, bool more)
    {
        var fact = entry.Fact switch
        {
            CheckpointTaken checkpoint => checkpoint with { Handle = SealHandle(checkpoint.Handle, tenant, conversation) },
            UnreadableFact => throw new ArgumentException("An unreadable fact cannot be written.", nameof(entry)),
            var other => other,
        };

        // The entry's own members come first because a person reads them first; the fact's object,
        // which always begins with its type, continues the same object.
        var at = entry.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'");
        to.Write(Encoding.UTF8.GetBytes($"{{\"n\":{entry.Position},\"at\":\"{at}\",{(more ? "\"more\":true," : "")}"));
        to.Write(JsonSerializer.SerializeToUtf8Bytes(fact, JournalJson.Options).AsSpan(1));
        to.Write("\n"u8);
    }

    /// <summary>Reads a line without its line feed.</summary>
    /// <exception cref="JsonException">It is not one whole JSON object: possibly a write that was cut off.</exception>
    /// <exception cref="FormatException">It is, but not an entry: never the work of a crash.</exception>
    public JournalLine Read(ReadOnlySpan<byte> line, TenantId tenant, ConversationId conversation)
    {
        var (position, at, type, more) = ReadHead(line);
        if (!JournalJson.KnownTypes.Contains(type))
        {
            var unknown = new UnreadableFact(type, "This version does not know the type.");
            return new JournalLine(new JournalEntry(position, at, unknown), more);
        }

        ConversationFact fact;
        try
        {
            fact = JsonSerializer.Deserialize<ConversationFact>(line, JournalJson.Options)!;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NotSupportedException)
        {
            throw new FormatException($"the {type} cannot be read{(e is JsonException { Path: { } path } ? $" at {path}" : "")}", e);
        }

        if (fact is CheckpointTaken checkpoint)
        {
            fact = OpenHandle(checkpoint, tenant, conversation);
        }

        return new JournalLine(new JournalEntry(position, at, fact), more);
    }

    private static (long Position, DateTimeOffset At, string Type, bool More) ReadHead(ReadOnlySpan<byte> line)
    {
        long position = 0;
        DateTimeOffset at = default;
        string? type = null;
        var more = false;
        var reader = new Utf8JsonReader(line, JournalJson.Reading);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("not an object");
        }

        string? wrong = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("n"u8))
            {
                reader.Read();
                wrong ??= reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out position) ? null : "n is not a position";
            }
            else if (reader.ValueTextEquals("at"u8))
            {
                reader.Read();
                wrong ??= reader.TokenType == JsonTokenType.String && reader.TryGetDateTimeOffset(out at) ? null : "at is not an instant";
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.TokenType == JsonTokenType.String ? Encoding.UTF8.GetString(reader.ValueSpan) : null;
            }
            else if (reader.ValueTextEquals("more"u8))
            {
                reader.Read();
                more = reader.TokenType == JsonTokenType.True;
            }

            // After a value that was read above this does nothing unless the value is an object or an array.
            reader.Skip();
        }

        // Anything behind the object is an error that Read reports itself.
        reader.Read();
        wrong ??= position < 1 ? "n is missing" : at == default ? "at is missing" : type is null ? "type is missing" : null;
        return wrong is null ? (position, at, type!, more) : throw new FormatException(wrong);
    }

    private string SealHandle(string handle, TenantId tenant, ConversationId conversation) =>
        SealedPrefix + box.Seal(Encoding.UTF8.GetBytes(handle), Binding(tenant, conversation));

    private ConversationFact OpenHandle(CheckpointTaken stored, TenantId tenant, ConversationId conversation) =>
        stored.Handle?.StartsWith(SealedPrefix, StringComparison.Ordinal) == true
        && box.TryOpen(stored.Handle[SealedPrefix.Length..], Binding(tenant, conversation), out var handle)
            ? stored with { Handle = Encoding.UTF8.GetString(handle) }
            : new UnreadableFact("checkpointTaken", "Its handle cannot be opened with the keys of this store.");

    private static byte[] Binding(TenantId tenant, ConversationId conversation) =>
        Encoding.UTF8.GetBytes($"journal/{tenant}/{conversation}");
}
