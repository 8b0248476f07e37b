using System.Collections.Concurrent;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>How a conversation has to end.</summary>
internal enum Expect
{
    Anything,
    Survival,
    Close,
}

/// <summary>Plays schedules, judges each, and says which one failed.</summary>
internal static class Many
{
    public static void Run(IEnumerable<Schedule> schedules, bool mustSurvive) => Run(schedules, mustSurvive ? Expect.Survival : Expect.Anything);

    public static void Run(IEnumerable<Schedule> schedules, Expect expect, Action<VirtualConversation>? also = null) =>
        Run(schedules, expect, schedule => new VirtualConversation(schedule), also);

    public static void Run(IEnumerable<Schedule> schedules, Expect expect, Func<Schedule, VirtualConversation> open, Action<VirtualConversation>? also)
    {
        var failures = new ConcurrentQueue<string>();
        var played = 0;
        Parallel.ForEach(schedules, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, schedule =>
        {
            Interlocked.Increment(ref played);
            try
            {
                var conversation = Play(open(schedule), expect);
                also?.Invoke(conversation);
            }
            catch (Exception failure)
            {
                failures.Enqueue($"{schedule}\n    {failure.Message}\n    {failure.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("Virtual", StringComparison.Ordinal))?.Trim()}");
            }
        });

        Assert.True(failures.IsEmpty, $"{failures.Count} of {played} conversations failed:\n{string.Join('\n', failures.Take(12))}");
    }

    private static VirtualConversation Play(VirtualConversation conversation, Expect expect)
    {
        conversation.Play();
        try
        {
            if (expect == Expect.Survival)
            {
                Assert.True(conversation.Client.Closed is null, $"The client was closed: {conversation.Client.Closed}");
            }
            else if (expect == Expect.Close)
            {
                Assert.True(conversation.Client.Closed is not null, "The client was not closed.");
            }

            new Oracle(conversation).Check();
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"{failure.Message}\n{conversation.Story()}", failure);
        }

        return conversation;
    }
}
