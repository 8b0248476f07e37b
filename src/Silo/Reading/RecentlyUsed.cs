using System.Diagnostics.CodeAnalysis;

namespace Orchestrator.Silo.Reading;

/// <summary>Remembers a bounded number of values, forgetting the one that was used longest ago. Thread-safe.</summary>
internal sealed class RecentlyUsed<TKey, TValue>(int limit)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> byUse = new();

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (gate)
        {
            if (!nodes.TryGetValue(key, out var node))
            {
                value = default;
                return false;
            }

            byUse.Remove(node);
            byUse.AddLast(node);
            value = node.Value.Value;
            return true;
        }
    }

    public void Set(TKey key, TValue value)
    {
        lock (gate)
        {
            if (nodes.Remove(key, out var old))
            {
                byUse.Remove(old);
            }

            nodes[key] = byUse.AddLast((key, value));
            if (nodes.Count > limit)
            {
                nodes.Remove(byUse.First!.Value.Key);
                byUse.RemoveFirst();
            }
        }
    }
}
