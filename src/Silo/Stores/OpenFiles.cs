namespace Orchestrator.Silo.Stores;

/// <summary>Keeps at most so many journals' files open, closing the one that was used longest ago.</summary>
internal sealed class OpenFiles(int limit)
{
    private readonly Lock gate = new();
    private readonly LinkedList<OwnedJournal> byUse = new();
    private readonly Dictionary<OwnedJournal, LinkedListNode<OwnedJournal>> nodes = [];

    /// <summary>Notes a use. The caller holds the journal's gate; idle journals beyond the limit are closed.</summary>
    public void Used(OwnedJournal journal)
    {
        foreach (var victim in Touch(journal))
        {
            try
            {
                victim.CloseFile();
            }
            catch (IOException)
            {
                // It could not be flushed, so it stays open: its next flush has to say so to its owner.
            }
            finally
            {
                victim.Gate.Release();
            }
        }
    }

    /// <summary>Forgets a journal that has been closed.</summary>
    public void Forget(OwnedJournal journal)
    {
        lock (gate)
        {
            if (nodes.Remove(journal, out var node))
            {
                byUse.Remove(node);
            }
        }
    }

    private List<OwnedJournal> Touch(OwnedJournal journal)
    {
        var victims = new List<OwnedJournal>();
        lock (gate)
        {
            if (nodes.TryGetValue(journal, out var node))
            {
                byUse.Remove(node);
                byUse.AddLast(node);
            }
            else
            {
                nodes[journal] = byUse.AddLast(journal);
            }

            // A busy journal's gate is taken: it is in use, so it is passed over. Waiting here could deadlock.
            for (var oldest = byUse.First; oldest is not null && nodes.Count > limit;)
            {
                var next = oldest.Next;
                if (oldest.Value != journal && oldest.Value.Gate.Wait(0))
                {
                    victims.Add(oldest.Value);
                    nodes.Remove(oldest.Value);
                    byUse.Remove(oldest);
                }

                oldest = next;
            }
        }

        return victims;
    }
}
