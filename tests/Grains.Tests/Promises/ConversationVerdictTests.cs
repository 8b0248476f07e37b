using Orchestrator.Testing.Promises;
using Xunit;

namespace Orchestrator.Grains.Tests.Promises;

/// <summary>The oracle of the cluster bench finds what it is there to find.</summary>
public sealed class ConversationVerdictTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.UnixEpoch;

    [Fact]
    public void Conversation_InWhichAllIsWell_BreaksNothing()
    {
        var verdict = ConversationVerdict.Of(Good());
        Assert.Empty(verdict.Broken);
        Assert.Equal((0, 0, 0, 3), (verdict.WordsLost, verdict.WordsTwice, verdict.TurnsMissing, verdict.TurnsSeen));
    }

    [Fact]
    public void ReplyThatWasCutAndBeganAgain_BreaksNothing()
    {
        var record = Good();
        var first = record.Heard[0];
        HeardFrame[] cut = [first with { TurnComplete = false }, new(At, [], "", "", Interrupted: true, TurnComplete: false), new(At, [], "", "", Interrupted: false, TurnComplete: true)];
        var verdict = ConversationVerdict.Of(record with
        {
            Heard = [.. cut, first with { Input = "" }, .. record.Heard.Skip(1)],
            Spoken = [.. first.Audio, .. record.Spoken],
            Written = [new WrittenTurn("cut", "w1 w2 ", "Heard"), record.Written[0] with { User = "w3" }, .. record.Written.Skip(1)],
        });
        Assert.Empty(verdict.Broken);
        Assert.Equal(1, verdict.RepliesBegunAgain);
    }

    [Fact]
    public void WordThatTheModelLacks_IsLost()
    {
        var verdict = ConversationVerdict.Of(Good() with { Context = [.. Good().Context.Where(item => item is not ContextItem.Word { Number: 5 })] });
        Assert.Equal(1, verdict.WordsLost);
        Assert.NotEmpty(verdict.Broken);
    }

    [Fact]
    public void WordThatTheModelHasTwice_IsTwice()
    {
        var verdict = ConversationVerdict.Of(Good() with { Context = [new ContextItem.Word(1, "content"), .. Good().Context] });
        Assert.Equal(1, verdict.WordsTwice);
        Assert.NotEmpty(verdict.Broken);
    }

    [Fact]
    public void TurnThatIsNotWritten_IsMissing_AndSoIsOneThatIsWrittenTwice()
    {
        var record = Good();
        Assert.Equal(1, ConversationVerdict.Of(record with { Written = [.. record.Written.Skip(1)] }).TurnsMissing);
        Assert.Equal(1, ConversationVerdict.Of(record with { Written = [.. record.Written, record.Written[0]] }).TurnsMissing);
    }

    [Fact]
    public void WrittenAsCut_WhatTheClientSawComplete_IsMissing() => Assert.Equal(
        1, ConversationVerdict.Of(Good() with { Written = [Good().Written[0] with { Ending = "cut" }, .. Good().Written.Skip(1)] }).TurnsMissing);

    [Theory]
    [MemberData(nameof(Broken))]
    public void BrokenPromise_IsNamed(string what, ConversationRecord record) =>
        Assert.Contains(ConversationVerdict.Of(record).Broken, broken => broken.Contains(what, StringComparison.Ordinal));

    public static TheoryData<string, ConversationRecord> Broken()
    {
        var good = Good();
        var (first, second) = (good.Heard[0], good.Heard[1]);
        return new TheoryData<string, ConversationRecord>
        {
            { "no whole word", good with { Context = [new ContextItem.Damage("audio"), .. good.Context] } },
            { "after w", good with { Context = [good.Context[1], good.Context[0], .. good.Context.Skip(2)] } },
            { "answers what was answered before", good with { Context = [.. good.Context, good.Context[3]], Heard = [.. good.Heard, first], Spoken = [.. good.Spoken, .. first.Audio] } },
            { "did not hear it to its end", good with { Context = [.. good.Context.Take(4), new ContextItem.Reply("Else", [9, 9], "complete"), .. good.Context.Skip(4)] } },
            { "the model's context does not have it", good with { Context = [.. good.Context.SkipLast(1)] } },
            { "bytes of audio, not", Heard(good, first with { Audio = first.Audio[..^2] }, second) },
            { "is not what the model said next", Heard(good, first with { Audio = [.. first.Audio.Reverse()] }, second) },
            { "was answered with", Heard(good, first with { Output = "Heard w1 w2, all of it." }, second) },
            { "questions got", good with { Heard = [.. good.Heard, first with { Input = "" }] } },
            { "and read", Heard(good, first with { Input = "w1 w2 w3 w3" }, second) },
            { "and read", Heard(good, first with { Input = "w1 w3" }, second) },
            { "is written", good with { Written = [good.Written[0] with { User = "w1 w2" }, .. good.Written.Skip(1)] } },
            { "heard to its end", good with { Written = [good.Written[1] with { User = "w1 w2 w3" }, good.Written[0] with { User = "w4 w5 w6" }, good.Written[2]] } },
        };
    }

    private static ConversationRecord Heard(ConversationRecord good, HeardFrame first, HeardFrame second) =>
        good with { Heard = [first, second, .. good.Heard.Skip(2)] };

    /// <summary>Three questions of three words each, and their answers.</summary>
    private static ConversationRecord Good()
    {
        var said = Enumerable.Range(0, 3).Select(i => new SaidTurn((3 * i) + 1, 3, Answer((3 * i) + 1), 4)).ToList();
        return new ConversationRecord
        {
            Said = said,
            Heard = [.. said.Select(turn => new HeardFrame(At, Audio(turn.First), Spoken(turn.First), turn.Answer, Interrupted: false, TurnComplete: true))],
            Context = [.. said.SelectMany(turn => turn.Words.Select(word => (ContextItem)new ContextItem.Word(word, "audio")).Append(new ContextItem.Reply(turn.Answer, Audio(turn.First), "complete")))],
            Spoken = [.. said.SelectMany(turn => Audio(turn.First))],
            Written = [.. said.Select(turn => new WrittenTurn("completed", Spoken(turn.First), turn.Answer))],
        };
    }

    private static string Spoken(int first) => $"w{first} w{first + 1} w{first + 2}";

    private static string Answer(int first) => $"Heard {Spoken(first)}, all of it.";

    private static byte[] Audio(int first) => [(byte)first, 1, (byte)(first + 100), 2];
}
