using System.Buffers;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Stores;

/// <summary>A journal file as it was found.</summary>
/// <param name="Entries">The entries of all whole appends.</param>
/// <param name="GoodLength">Bytes up to the end of the last whole append; what follows, up to the scanned length, is torn.</param>
/// <param name="TornBytes">Bytes of an append that was cut off.</param>
internal sealed record ScannedJournal(List<JournalEntry> Entries, long GoodLength, long TornBytes);

/// <summary>
/// Reads a journal file line by line. A crash leaves a prefix of the last append (perhaps with zeros after a power
/// cut): one bad last line, or an append whose end is missing, is a torn tail. Anything else that is wrong was
/// not done by a crash and is damage.
/// </summary>
internal sealed class JournalScan(JournalCodec codec, string path, TenantId tenant, ConversationId conversation)
{
    private const int ChunkBytes = 64 * 1024;

    private readonly List<JournalEntry> entries = [];
    private long lineStart;
    private int lineNumber;
    private long wholeEnd;
    private int wholeCount;

    /// <exception cref="JournalDamagedException">It is damaged before its tail.</exception>
    public ScannedJournal Run(SafeFileHandle file, long length, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var filled = 0;
            var lineEnd = 0;
            while (lineStart + filled < length)
            {
                cancellation.ThrowIfCancellationRequested();
                if (filled == buffer.Length)
                {
                    buffer = Grown(buffer);
                }

                var room = (int)Math.Min(buffer.Length - filled, length - lineStart - filled);
                var read = RandomAccess.Read(file, buffer.AsSpan(filled, room), lineStart + filled);
                if (read == 0)
                {
                    break;
                }

                filled += read;
                var consumed = 0;
                while ((lineEnd = buffer.AsSpan(consumed, filled - consumed).IndexOf((byte)'\n')) >= 0)
                {
                    Take(buffer.AsSpan(consumed, lineEnd), isLast: lineStart + lineEnd + 1 == length);
                    consumed += lineEnd + 1;
                    lineStart += lineEnd + 1;
                }

                buffer.AsSpan(consumed, filled - consumed).CopyTo(buffer);
                filled -= consumed;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        entries.RemoveRange(wholeCount, entries.Count - wholeCount);
        return new ScannedJournal(entries, wholeEnd, length - wholeEnd);
    }

    private void Take(ReadOnlySpan<byte> line, bool isLast)
    {
        lineNumber++;
        JournalLine read;
        try
        {
            read = codec.Read(line, tenant, conversation);
        }
        catch (JsonException) when (isLast)
        {
            return;
        }
        catch (JsonException)
        {
            throw Damaged("not a JSON object");
        }
        catch (FormatException e)
        {
            throw Damaged(e.Message);
        }

        if (read.Entry.Position != entries.Count + 1)
        {
            throw Damaged($"position {entries.Count + 1} expected, {read.Entry.Position} found");
        }

        entries.Add(read.Entry);
        if (!read.More)
        {
            wholeCount = entries.Count;
            wholeEnd = lineStart + line.Length + 1;
        }
    }

    private JournalDamagedException Damaged(string what) =>
        new($"{path}, line {lineNumber}: {what}. Nothing was changed; restore the file, or end it before this line.");

    private static byte[] Grown(byte[] full)
    {
        var larger = ArrayPool<byte>.Shared.Rent(full.Length * 2);
        full.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(full);
        return larger;
    }
}
