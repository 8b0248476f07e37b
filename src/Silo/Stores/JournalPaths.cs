namespace Orchestrator.Silo.Stores;

/// <summary>
/// Where journals are. Names are made of validated tenants and of parsed ids only, so no input can
/// leave the directory.
/// </summary>
internal sealed class JournalPaths(string root)
{
    private const string Extension = ".jsonl";

    public string Of(TenantId tenant, ConversationId conversation) =>
        Path.Combine(root, tenant.Value, conversation + Extension);

    /// <summary>True when another tenant has a conversation of that id.</summary>
    public bool ExistsElsewhere(TenantId tenant, ConversationId conversation) =>
        Directory.EnumerateDirectories(root).Any(other =>
            !string.Equals(Path.GetFileName(other), tenant.Value, StringComparison.Ordinal)
            && File.Exists(Path.Combine(other, conversation + Extension)));

    /// <summary>Newest first. Ids sort by birth in their text form; only the page is kept while the names are read.</summary>
    public IReadOnlyList<ConversationId> List(TenantId tenant, ConversationId? before, int limit)
    {
        var directory = Path.Combine(root, tenant.Value);
        if (limit <= 0 || !Directory.Exists(directory))
        {
            return [];
        }

        var bound = before?.ToString();
        var page = new PriorityQueue<ConversationId, string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (!ConversationId.TryParse(name, out var id)
                || (bound is not null && string.CompareOrdinal(name, bound) >= 0))
            {
                continue;
            }

            page.Enqueue(id, name);
            if (page.Count > limit)
            {
                page.Dequeue();
            }
        }

        var newestFirst = new ConversationId[page.Count];
        for (var i = newestFirst.Length - 1; i >= 0; i--)
        {
            newestFirst[i] = page.Dequeue();
        }

        return newestFirst;
    }
}
