using Orchestrator.Testing.Promises;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Upstream is away for longer than a recovery may take: the client is told in time, and comes back later.</summary>
public sealed class ExhaustedTests
{
    /// <summary>Time budget of a recovery (DESIGN §7), and what the last try and the close may take on top.</summary>
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(32);

    public static TheoryData<string, bool, Moment> Ends()
    {
        var data = new TheoryData<string, bool, Moment>();
        foreach (var model in Schedule.Models)
        {
            foreach (var manual in new[] { false, true })
            {
                data.Add(model, manual, Moment.Idle);
                data.Add(model, manual, Moment.Awaiting);
                data.Add(model, manual, Moment.ModelSpeech);
                data.Add(model, manual, Moment.UserSpeech);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void Ladder_ThatHasNoRungLeft_TellsTheClientInTimeAndGoesOnWhenItComesBack(string model, bool manual, Moment moment)
    {
        SynchronizationContext.SetSynchronizationContext(null);
        var conversation = new VirtualConversation(new Schedule { Seed = 7 + (int)moment, Model = model, Manual = manual });
        var client = conversation.Client;
        conversation.Attach();
        Answered(conversation, 2);
        Answered(conversation, 3);
        if (moment == Moment.Idle)
        {
            conversation.Run(1_000.Ms());
        }
        else
        {
            conversation.Say(4);
            conversation.Run(moment switch { Moment.UserSpeech => 500.Ms(), Moment.Awaiting => 1_300.Ms(), _ => 3_000.Ms() });
        }

        var lostAt = conversation.Time.GetUtcNow();
        conversation.Upstream.IsDown = true;
        Assert.True(conversation.RunUntil(() => client.Closed is not null, InTime), $"The client was not told.\n{conversation.Story()}");
        Assert.Equal(1011, client.Closed!.Code);
        Assert.NotEmpty(client.Closed.Reason);
        Assert.True(conversation.Time.GetUtcNow() - lostAt > TimeSpan.FromSeconds(10), $"The ladder was given up after {conversation.Time.GetUtcNow() - lostAt}.");
        client.FallSilent();
        Assert.True(conversation.RunUntil(() => conversation.IsGone, 60_000.Ms()));

        conversation.Run(TimeSpan.FromMinutes(7));
        conversation.Upstream.IsDown = false;
        conversation.Attach();
        Answered(conversation, 2);
        Answered(conversation, 1);
        conversation.Run(6_000.Ms());

        // All that was answered is known once, and so is what was said since; what was never answered may be.
        Assert.Null(client.Closed);
        Assert.Equal(2, conversation.Lives);
        var words = ModelContext.Read(conversation).OfType<ContextItem.Word>().Select(word => word.Number).ToList();
        Assert.True(words.SequenceEqual(words.Distinct().Order()), $"The model knows [{string.Join(' ', words)}].\n{conversation.Story()}");
        var unanswered = moment == Moment.Idle ? [] : Enumerable.Range(conversation.Said[2].First, conversation.Said[2].Count).ToArray();
        var answered = conversation.Said.SelectMany(turn => Enumerable.Range(turn.First, turn.Count)).Except(unanswered).ToList();
        Assert.True(answered.SequenceEqual(words.Except(unanswered)), $"The model knows [{string.Join(' ', words)}].\n{conversation.Story()}");
        new ReplyCheck(ClientView.Turns(client), ModelContext.Read(conversation), [], fragments: false, doubts: _ => false).Check();
        Assert.Contains(conversation.Journal.Durable, entry => entry.Fact is LinkOpened { Link: > 1 });
    }

    private static void Answered(VirtualConversation conversation, int words)
    {
        conversation.Say(words);
        Assert.True(conversation.RunUntil(conversation.IsAnswered, 60_000.Ms()), $"Never answered.\n{conversation.Story()}");
        conversation.Run(700.Ms());
    }
}
