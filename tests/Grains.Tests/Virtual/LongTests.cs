using Gemini.Live.Simulator.Faults;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Two hours in one conversation: the connection is changed every nine minutes, and every three something breaks.</summary>
public sealed class LongTests
{
    /// <summary>What the logs may hold between two turns: 2 s of open microphone, the turn before, and what pools keep beside.</summary>
    private const long Flat = 512 * 1024;

    [Theory]
    [InlineData("gemini-3.8-live", true)]
    [InlineData("gemini-3.8-live", false)]
    [InlineData("gemini-2.5-flash-native-audio-preview-12-2025", true)]
    [InlineData("gemini-3.1-flash-live-preview", true)]
    public void Conversation_OfTwoHours_LosesNothingAndDoesNotGrow(string model, bool manual)
    {
        var random = new Random(2);
        var length = TimeSpan.FromHours(2);
        var plan = Enumerable.Range(0, (int)(length.TotalSeconds / 30)).Select(_ => new PlannedTurn
        {
            Count = random.Next(1, 6),
            Pause = TimeSpan.FromSeconds(random.Next(10, 40)),
            Manner = random.Next(8) == 0 ? Manner.Typed : Manner.Spoken,
            BargeIn = random.Next(12) == 0 ? random.Next(900, 2_000).Ms() : null,
        }).ToList();
        var most = 0L;
        Many.Run(
            [new Schedule { Seed = 5, Model = model, Manual = manual, Script = plan }],
            Expect.Survival,
            schedule => new VirtualConversation(schedule)
            {
                Begun = conversation =>
                {
                    for (var at = TimeSpan.FromMinutes(3); at < length; at += TimeSpan.FromMinutes(3))
                    {
                        conversation.Time.After(at, () => Break(conversation, random));
                    }
                },
                Settled = conversation =>
                {
                    conversation.Run(2_000.Ms());
                    var (input, output) = conversation.Logged;
                    most = Math.Max(most, Math.Max(input, output));
                },
            },
            conversation =>
            {
                Assert.InRange(most, 0, Flat);
                Assert.True(conversation.Time.GetUtcNow() - conversation.Journal.Durable[0].At > TimeSpan.FromHours(1.5), "It was not that long.");
            });
    }

    private static void Break(VirtualConversation conversation, Random random)
    {
        if (random.Next(3) == 0)
        {
            conversation.Upstream.Newest?.Break();
            return;
        }

        FaultRule rule = random.Next(5) switch
        {
            0 => new() { Action = FaultAction.Abort, Ms = random.Next(0, 3_000) },
            1 => new() { Action = FaultAction.GoAway, Ms = random.Next(1_000, 60_000) },
            2 => new() { Action = FaultAction.Close, Code = 1008, Reason = "The operation was aborted" },
            _ => new() { Action = FaultAction.Close },
        };
        rule.Phase = random.GetItems([FaultPhase.UserSpeech, FaultPhase.Awaiting, FaultPhase.ModelSpeech, FaultPhase.Playback, FaultPhase.Idle], 1)[0];
        rule.AfterMs = random.Next(0, 700);
        conversation.World.Inject([rule]);
        conversation.Upstream.Newest?.Rearm();
    }
}
