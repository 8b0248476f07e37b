using System.Collections.Concurrent;
using Orchestrator.Grains.Actor;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class MailboxTests
{
    [Fact]
    public void Letters_FromManyThreads_AreHandledOneAtATimeInEachSendersOrder()
    {
        const int Senders = 8;
        const int Each = 5_000;
        var inside = 0;
        var handled = new List<(int Sender, int Number)>();
        using var done = new CountdownEvent(Senders * Each);
        var mailbox = new Mailbox<(int Sender, int Number)>(letter =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            handled.Add(letter);
            Interlocked.Decrement(ref inside);
            done.Signal();
        });
        var threads = Enumerable.Range(0, Senders).Select(sender => new Thread(() =>
        {
            for (var n = 0; n < Each; n++)
            {
                if (n % 3 == 0 && mailbox.TryEnter())
                {
                    Assert.Equal(1, Interlocked.Increment(ref inside));
                    handled.Add((sender, n));
                    Interlocked.Decrement(ref inside);
                    done.Signal();
                    mailbox.Leave();
                }
                else
                {
                    mailbox.Post((sender, n), control: false);
                }
            }
        })).ToList();
        threads.ForEach(t => t.Start());
        Assert.True(done.Wait(TimeSpan.FromSeconds(60)));
        threads.ForEach(t => t.Join());
        Assert.All(handled.GroupBy(l => l.Sender), sent => Assert.Equal(Enumerable.Range(0, Each), sent.Select(l => l.Number)));
    }

    [Fact]
    public void Control_OvertakesTheStream_AndNothingElseDoes()
    {
        var handled = new List<string>();
        Mailbox<string>? mailbox = null;
        mailbox = new Mailbox<string>(letter =>
        {
            handled.Add(letter);
            if (letter == "first")
            {
                mailbox!.Post("stream 1", control: false);
                mailbox.Post("stream 2", control: false);
                mailbox.Post("control 1", control: true);
                mailbox.Post("control 2", control: true);
            }
        });
        mailbox.Post("first", control: false);
        Assert.Equal(["first", "control 1", "control 2", "stream 1", "stream 2"], handled);
    }

    [Fact]
    public void LongBacklog_LeavesTheSendersThread()
    {
        var threads = new ConcurrentDictionary<int, int>();
        using var done = new CountdownEvent(200);
        Mailbox<int>? mailbox = null;
        mailbox = new Mailbox<int>(letter =>
        {
            threads.AddOrUpdate(Environment.CurrentManagedThreadId, 1, (_, n) => n + 1);
            if (letter == 0)
            {
                for (var n = 1; n < 200; n++)
                {
                    mailbox!.Post(n, control: false);
                }
            }

            done.Signal();
        });
        mailbox.Post(0, control: false);
        var here = threads[Environment.CurrentManagedThreadId];
        Assert.True(done.Wait(TimeSpan.FromSeconds(60)));
        Assert.Equal(64, here);
    }
}
