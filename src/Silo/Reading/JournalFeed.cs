using System.Collections.Concurrent;
using System.Threading.Channels;
using Orchestrator.Journal;

namespace Orchestrator.Silo.Reading;

/// <summary>
/// Announces entries to this process's live tails as they become durable. A subscriber that falls behind its bound
/// loses announcements, is told so, and reads the store instead: slow readers cost no memory and hold up nobody.
/// </summary>
public sealed class JournalFeed
{
    private const int EntriesPerSubscriber = 256;

    private readonly ConcurrentDictionary<ConversationId, Subscriber[]> subscribers = new();

    /// <summary>Called by the conversation's owner after each durable append, in order. Never blocks.</summary>
    public void Published(TenantId tenant, ConversationId conversation, IReadOnlyList<JournalEntry> entries)
    {
        if (!subscribers.TryGetValue(conversation, out var listening))
        {
            return;
        }

        foreach (var subscriber in listening)
        {
            if (subscriber.Tenant == tenant)
            {
                subscriber.Offer(entries);
            }
        }
    }

    /// <summary>Listens from now on, until disposed.</summary>
    internal Subscriber Subscribe(TenantId tenant, ConversationId conversation)
    {
        var subscriber = new Subscriber(this, tenant, conversation);
        subscribers.AddOrUpdate(conversation, [subscriber], (_, others) => [.. others, subscriber]);
        return subscriber;
    }

    /// <summary>Conversations that somebody listens to, for tests.</summary>
    internal int ListenedTo => subscribers.Count;

    private void Remove(Subscriber subscriber)
    {
        while (subscribers.TryGetValue(subscriber.Conversation, out var all))
        {
            var others = Array.FindAll(all, other => other != subscriber);
            var done = others.Length > 0
                ? subscribers.TryUpdate(subscriber.Conversation, others, all)
                : subscribers.TryRemove(new KeyValuePair<ConversationId, Subscriber[]>(subscriber.Conversation, all));
            if (done)
            {
                return;
            }
        }
    }

    /// <summary>One live tail's end of the feed.</summary>
    internal sealed class Subscriber(JournalFeed feed, TenantId tenant, ConversationId conversation) : IDisposable
    {
        private readonly Channel<JournalEntry> announced = Channel.CreateBounded<JournalEntry>(
            new BoundedChannelOptions(EntriesPerSubscriber) { SingleReader = true });

        private int lagged;

        public TenantId Tenant => tenant;

        public ConversationId Conversation => conversation;

        public bool TryTake(out JournalEntry? entry) => announced.Reader.TryRead(out entry);

        /// <summary>True once after announcements were lost. Ask only when nothing is left to take.</summary>
        public bool TakeLagged() => Interlocked.Exchange(ref lagged, 0) == 1;

        /// <summary>Completes when there may be something to take.</summary>
        public ValueTask<bool> WaitAsync(CancellationToken cancellation) => announced.Reader.WaitToReadAsync(cancellation);

        public void Offer(IReadOnlyList<JournalEntry> entries)
        {
            foreach (var entry in entries)
            {
                if (announced.Writer.TryWrite(entry))
                {
                    continue;
                }

                // The reader asks for this when it has taken everything. If it did both just before, nothing
                // would wake it: so the entry is offered again, now that the mark is set.
                Volatile.Write(ref lagged, 1);
                announced.Writer.TryWrite(entry);
                return;
            }
        }

        public void Dispose() => feed.Remove(this);
    }
}
