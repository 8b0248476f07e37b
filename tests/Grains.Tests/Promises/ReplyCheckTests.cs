using Orchestrator.Testing.Promises;
using Xunit;

namespace Orchestrator.Grains.Tests.Promises;

/// <summary>What the oracle of replies forgives, and no more.</summary>
public sealed class ReplyCheckTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    [Theory]
    [InlineData("", true, true)]
    [InlineData("", false, false)]
    [InlineData("more", true, false)]
    public void RestWithoutWords_OfAReplyWhoseInterruptionMayBeNobodys_NeedNotBeTold(string words, bool doubtful, bool forgiven)
    {
        HeardTurn[] heard = [Turn("one two", 1, interrupted: true), Turn(words, 2), Turn("three", 3)];
        ContextItem[] context = [new ContextItem.Told("one two"), new ContextItem.Word(1, "audio"), new ContextItem.Reply("three", [3, 3], "complete")];
        var failure = Record.Exception(() => new ReplyCheck(heard, context, [], fragments: false, doubts: _ => doubtful).Check());
        Assert.Equal(forgiven, failure is null);
    }

    [Theory]
    [InlineData(true, "one two", true)]
    [InlineData(false, "one two", false)]
    [InlineData(true, "one", false)]
    public void ReplyThatNobodyMayHaveInterrupted_IsHeardAsFarAsItHadBeenDelivered_BehindWhatAnnouncedIt(bool doubtful, string written, bool forgiven)
    {
        HeardTurn[] heard = [Turn("One moment.", 1) with { InProgress = true }, new([2], "one", Interrupted: true, Ended: true, InProgress: false, At, At), Turn("three", 3)];
        ContextItem[] context = [new ContextItem.Word(1, "audio"), new ContextItem.Reply("One moment.one two", [1, 1, 2, 2], "complete"), new ContextItem.Word(2, "audio"), new ContextItem.Reply("three", [3, 3], "complete")];
        var failure = Record.Exception(() => new ReplyCheck(heard, context, [written], fragments: false, doubts: _ => doubtful).Check());
        Assert.Equal(forgiven, failure is null);
    }

    [Fact]
    public void EndOfATurnWithoutSound_DoesNotPartAReplyFromItsRest()
    {
        HeardTurn[] heard = [Turn("One moment.", 1, interrupted: true), new([], "", Interrupted: false, Ended: true, InProgress: true, At, At), Turn("one two", 2)];
        ContextItem[] context = [new ContextItem.Word(1, "audio"), new ContextItem.Reply("One moment.one two", [1, 1, 2, 2], "complete")];
        new ReplyCheck(heard, context, [], fragments: false, doubts: _ => true).Check();
    }

    private static HeardTurn Turn(string words, byte sound, bool interrupted = false) => new([sound, sound], words, interrupted, Ended: true, InProgress: false, At, At);
}
