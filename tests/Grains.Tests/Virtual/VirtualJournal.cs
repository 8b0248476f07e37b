using Xunit;
using Orchestrator.Grains.Actor;
using Orchestrator.Journal;
using Orchestrator.Testing;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>The journal of one conversation: commits after a virtual delay, not at all during an outage, or at once.</summary>
internal sealed class VirtualJournal(ManualTime time, Random random, Schedule schedule)
{
    private readonly DateTimeOffset _start = time.GetUtcNow();

    /// <summary>What a crash would leave.</summary>
    public List<JournalEntry> Durable { get; } = [];

    /// <summary>What was asked to be written, durable or not.</summary>
    public List<JournalEntry> Appended { get; } = [];

    /// <summary>Every fact that the conversation asked to be written, also those that were given up.</summary>
    public List<ConversationFact> Decided { get; } = [];

    public IEnumerable<T> Facts<T>()
        where T : ConversationFact => Durable.Select(entry => entry.Fact).OfType<T>();

    /// <summary>The process is gone: what was not durable never was.</summary>
    public void Forget() => Appended.RemoveRange(Durable.Count, Appended.Count - Durable.Count);

    /// <param name="durable">Told of what is durable.</param>
    /// <param name="ownershipLost">Never told: a dead owner hears nothing.</param>
    /// <param name="isDead">The owner is gone, and what it has not written never will be.</param>
    public IFactJournal Open(Action<IReadOnlyList<JournalEntry>> durable, Action ownershipLost, Func<bool> isDead) => new Writer(this, durable, isDead);

    private bool IsDown => schedule.JournalOutage is var (from, to) && time.GetUtcNow() - _start is var at && at >= from && at < to;

    private sealed class Writer(VirtualJournal journal, Action<IReadOnlyList<JournalEntry>> durable, Func<bool> isDead) : IFactJournal
    {
        private List<JournalEntry> _next = [];
        private List<JournalEntry> _writing = [];
        private TaskCompletionSource? _finished;
        private bool _busy;

        public void Append(JournalEntry entry, Durability durability)
        {
            Assert.Equal(journal.Appended.Count == 0 ? entry.Position : journal.Appended[^1].Position + 1, entry.Position);
            journal.Appended.Add(entry);
            journal.Decided.Add(entry.Fact);
            _next.Add(entry);
            if (!_busy)
            {
                Write();
            }
        }

        public Task FinishAsync(TimeSpan patience)
        {
            if (!_busy)
            {
                return Task.CompletedTask;
            }

            _finished = new TaskCompletionSource();
            journal.Time.After(patience, () =>
            {
                if (_finished.TrySetResult())
                {
                    journal.Appended.RemoveAll(entry => entry.Position > (journal.Durable.Count == 0 ? 0 : journal.Durable[^1].Position));
                    _writing.Clear();
                    _next.Clear();
                }
            });
            return _finished.Task;
        }

        private void Write()
        {
            _busy = true;
            (_writing, _next) = (_next, []);
            if (journal.Schedule.JournalInline)
            {
                Done();
            }
            else
            {
                journal.Time.After(journal.Schedule.JournalDelay.Of(journal.Random)(), Done);
            }
        }

        private void Done()
        {
            if (isDead())
            {
                return;
            }

            if (journal.IsDown)
            {
                journal.Time.After(250.Ms(), Done);
                return;
            }

            var batch = _writing;
            if (batch.Count > 0)
            {
                journal.Durable.AddRange(batch);
                durable(batch);
            }

            if (_next.Count > 0)
            {
                Write();
                return;
            }

            _busy = false;
            _finished?.TrySetResult();
        }
    }

    private ManualTime Time => time;

    private Random Random => random;

    private Schedule Schedule => schedule;
}
