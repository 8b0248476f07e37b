using System.Text;
using Orchestrator.Grains.Actor;
using Orchestrator.Grains.Conversations;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class HistoryEchoTests
{
    private static readonly SpokenText[] Known =
    [
        new(1, Speaker.User, " hello"), new(1, Speaker.Model, "hi there"), new(2, Speaker.User, "bye"),
    ];

    [Theory]
    [InlineData("nothing known in it", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"other"}]}]}}""", null)]
    [InlineData("not a prefix", """{"clientContent":{"turns":[{"role":"model","parts":[{"text":"hi there"}]}]}}""", null)]
    [InlineData("wrong role", """{"clientContent":{"turns":[{"role":"model","parts":[{"text":"hello"}]}]}}""", null)]
    [InlineData("no turns", """{"clientContent":{"turnComplete":true}}""", null)]
    [InlineData("half a surrogate", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"\ud800"}]}]}}""", null)]
    [InlineData("name twice", """{"clientContent":{},"clientContent":{"turns":[]}}""", null)]
    [InlineData("whole history", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"hello"}]},{"role":"model","parts":[{"text":"hi there"}]},{"role":"user","parts":[{"text":"bye"}]}],"turnComplete":false}}""", "")]
    [InlineData("snake case, no role", """{"client_content":{"turns":[{"parts":[{"text":"hello"}]}]}}""", "")]
    [InlineData("a new turn behind it", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"hello"}]},{"role":"user","parts":[{"text":"new"}]}]}}""", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"new"}]}]}}""")]
    [InlineData("a new part behind it", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"hello"},{"text":"new"}]}]}}""", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"new"}]}]}}""")]
    [InlineData("an answer is asked for", """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"hello"}]}],"turnComplete":true}}""", """{"clientContent":{"turns":[],"turnComplete":true}}""")]
    public void Echo_OfKnownTexts_IsTakenOut(string circumstance, string frame, string? expected)
    {
        var rest = Encoding.UTF8.GetString(HistoryEcho.Without(Encoding.UTF8.GetBytes(frame), Known));
        Assert.True((expected ?? frame) == rest, $"{circumstance}: {rest}");
    }

    [Fact]
    public void History_LateWordsOfTheQuestion_StandBeforeTheAnswer()
    {
        var history = SpokenText.Add([], 1, "", "answer");
        history = SpokenText.Add(history, 1, "ques", "");
        history = SpokenText.Add(history, 1, "tion", "");
        history = SpokenText.Add(history, 2, "next", "");
        Assert.Equal(
            [new SpokenText(1, Speaker.User, "question"), new SpokenText(1, Speaker.Model, "answer"), new SpokenText(2, Speaker.User, "next")],
            history);
    }
}
