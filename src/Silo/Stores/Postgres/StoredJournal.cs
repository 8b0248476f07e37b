using System.Text.Json;
using Npgsql;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores.Postgres;

/// <summary>Reads a conversation's facts in order, and trusts nothing about them.</summary>
internal static class StoredJournal
{
    private const string Position = "select position from orchestrator.conversations where id = $1 and tenant = $2";

    /// <summary>Alone, so that it can follow the primary key instead of sorting a long journal.</summary>
    private const string Facts = "select position, payload from orchestrator.facts where conversation = $1 and position > $2 order by position";

    /// <summary>Rows arrive on threads that also receive audio; a long journal must not keep one of them.</summary>
    private const int RowsInARow = 32;

    /// <param name="after">Position of the last fact that is not wanted.</param>
    /// <exception cref="ConversationNotFoundException">Unknown, or another tenant's.</exception>
    /// <exception cref="JournalDamagedException">A fact is missing or cannot be read.</exception>
    public static async Task<List<JournalEntry>> ReadAsync(
        NpgsqlConnection connection, JournalCodec codec, TenantId tenant, ConversationId conversation, long after, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(Position) { Parameters = { new() { Value = conversation.Value }, new() { Value = tenant.Value } } },
                new(Facts) { Parameters = { new() { Value = conversation.Value }, new() { Value = after } } },
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        if (!await rows.ReadAsync(cancellation))
        {
            throw new ConversationNotFoundException(conversation);
        }

        // The facts are read after the position: there may be more by now, whole appends all of them, but never fewer.
        var last = rows.GetInt64(0);
        var entries = new List<JournalEntry>((int)Math.Clamp(last - after, 0, 1 << 20));
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            entries.Add(Read(rows, codec, tenant, conversation, after + entries.Count + 1));
            if (entries.Count % RowsInARow == 0)
            {
                await Task.Yield();
            }
        }

        return after + entries.Count >= last ? entries : throw Damaged(conversation, $"{last} facts expected, {after + entries.Count} found");
    }

    private static JournalEntry Read(NpgsqlDataReader row, JournalCodec codec, TenantId tenant, ConversationId conversation, long expected)
    {
        var position = row.GetInt64(0);
        if (position != expected)
        {
            throw Damaged(conversation, $"position {expected} expected, {position} found");
        }

        try
        {
            var entry = codec.Read(row.GetFieldValue<byte[]>(1), tenant, conversation).Entry;
            return entry.Position == position ? entry : throw new FormatException($"it says n = {entry.Position}");
        }
        catch (Exception wrong) when (wrong is JsonException or FormatException)
        {
            throw Damaged(conversation, $"position {position} cannot be read: {(wrong is FormatException ? wrong.Message : "not a JSON object")}");
        }
    }

    private static JournalDamagedException Damaged(ConversationId conversation, string what) =>
        new($"Conversation {conversation} in orchestrator.facts: {what}. Nothing was changed; restore it from a backup.");
}
