using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestrator.Grains.Tools;
using Xunit;

namespace Orchestrator.Grains.Tests.Tools;

/// <summary>The book of calls, and the frames that are made from it.</summary>
public sealed class ToolBookTests
{
    [Fact]
    public void FreshId_IsUpstreams_ThenNumbered_AndNeverEmpty()
    {
        Assert.Equal("c", ToolBook.Empty.FreshId("c"));
        Assert.Equal("c_2", Book(Call("c")).FreshId("c"));
        Assert.Equal("c_3", Book(Call("c"), Call("c_2")).FreshId("c"));
        Assert.Equal("call_1", ToolBook.Empty.FreshId(""));
        Assert.Equal("call_2", Book(Call("call_1")).FreshId(""));
    }

    [Fact]
    public void UpstreamsId_IsMeantOnItsOwnConnection_TheNewestFirst()
    {
        var book = Book(Call("a", link: 1, upstream: "u"), Call("b", link: 2, upstream: "u"), Call("c", link: 2, upstream: "v"));
        Assert.Equal("a", book.OnLink(1, "u")!.Id);
        Assert.Equal("b", book.OnLink(2, "u")!.Id);
        Assert.Null(book.OnLink(1, "v"));
        Assert.Equal("d", book.Add(Call("d", link: 2, upstream: "u")).OnLink(2, "u")!.Id);
    }

    [Fact]
    public void CallMadeAgain_IsTheOneWithTheSameArguments_ThenTheFirst()
    {
        var book = Book(Call("a", args: """{"x":1}"""), Call("b", args: """{"x":2}"""), Call("n", args: null));
        Assert.Equal("b", book.MadeBefore(2, "f", JsonElement.Parse("""{"x":2}"""), sentTo: 0)!.Id);
        Assert.Equal("a", book.MadeBefore(2, "f", JsonElement.Parse("""{"x":3}"""), sentTo: 0)!.Id);
        Assert.Equal("n", book.MadeBefore(2, "f", JsonElement.Parse("{}"), sentTo: 0)!.Id);
        Assert.Equal("n", book.MadeBefore(2, "f", default, sentTo: 0)!.Id);
        Assert.Null(book.MadeBefore(1, "f", JsonElement.Parse("""{"x":2}"""), sentTo: 0));
        Assert.Null(book.MadeBefore(2, "g", JsonElement.Parse("""{"x":2}"""), sentTo: 0));
    }

    [Theory]
    [InlineData(849, null)]
    [InlineData(850, "a")]
    public void CallWithOtherArguments_IsNotTheOneWhoseQuestionWasNotSentYet(long sentTo, string? id)
    {
        var book = Book(Call("a", args: """{"x":1}""", question: 1_000));
        Assert.Equal(id, book.MadeBefore(2, "f", JsonElement.Parse("""{"x":2}"""), sentTo)?.Id);
        Assert.Equal("a", book.MadeBefore(2, "f", JsonElement.Parse("""{"x":1}"""), sentTo)!.Id);
    }

    [Fact]
    public void PartialResults_AreKeptUpToSixteen()
    {
        var call = Call("c");
        for (var n = 1; n <= 16; n++)
        {
            call = ToolBook.Answered(call, Result(n, more: true), seq: n);
        }

        Assert.Equal((16, CallStatus.Open, 16L), (call.Results.Count, call.Status, call.Seq));
        call = ToolBook.Answered(call, Result(17, more: false), seq: 17);
        Assert.Equal((16, 2, 17, CallStatus.Answered), (call.Results.Count, call.Results[0].Response.GetInt32(), call.Results[^1].Response.GetInt32(), call.Status));
    }

    [Fact]
    public void SettledTurn_TakesItsAnsweredCalls_AndWithdrawsWhatItDidNotMake()
    {
        var answered = ToolBook.Answered(Call("told", link: 2), Result(1, more: false), 1) with { ToldOn = 2, IsSpokenAbout = true };
        var book = Book(answered, answered with { Id = "silent", IsSpokenAbout = false }, answered with { Id = "elsewhere", ToldOn = 1 }, Call("here", link: 2), Call("gone", link: 1), Call("later", link: 1, question: 50));
        var (settled, vanished) = book.Settled(link: 2, answeredTo: 40, told: false);
        Assert.Equal(["gone"], vanished);
        Assert.Equal((CallStatus.Vanished, true), (settled.Find("gone")!.Status, settled.Find("gone")!.IsSettled));
        Assert.Equal([("told", true), ("silent", false), ("elsewhere", false)], settled.All.Take(3).Select(call => (call.Id, call.IsSeen)));
        Assert.True(settled.Find("here")!.IsSettled);
        Assert.False(settled.Find("later")!.IsSettled);
        Assert.Empty(book.Settled(link: 2, answeredTo: 40, told: true).Vanished);
        // Once settled, an open call is owed to its client, whatever connection comes.
        Assert.Empty(settled.Settled(link: 3, answeredTo: 40, told: false).Vanished);
    }

    [Fact]
    public void Restored_OpenCalls_AreOfUnknownOutcome_OthersStay()
    {
        var book = Book(Call("open"), ToolBook.Answered(Call("done"), Result(1, more: false), 1)).Restored();
        Assert.Equal([CallStatus.Unknown, CallStatus.Answered], book.All.Select(call => call.Status));
    }

    [Fact]
    public void ToldResult_IsWaitedFor_AmongOthers()
    {
        var owed = ToolBook.Answered(Call("owed"), Result(1, more: false), 1) with { IsSettled = true, ToldOn = 3 };
        var book = Book(owed, Call("open", link: 3));
        Assert.True(book.IsToldOn(3));
        Assert.False(book.IsToldOn(2));
        Assert.Equal(["owed"], book.OwedTo(2).Select(call => call.Id));
        Assert.Empty(book.OwedTo(3));
    }

    [Fact]
    public void SeededModel_KnowsTheResultsOfTheTurnThatIsReplayed()
    {
        var book = Book(ToolBook.Answered(Call("done"), Result(1, more: false), 1), Call("open")).Seeded(link: 4);
        Assert.Equal([(4, true), (0, false)], book.All.Select(call => (call.ToldOn, call.IsSpokenAbout)));
    }

    [Fact]
    public void Frames_WithoutAMemberOfTheirOwn_AreMadeFromTheParts()
    {
        Assert.Equal(
            """{"toolCall":{"functionCalls":[{"id":"a","name":"f","args":{"x":1}},{"name":"g","args":{}}]}}""",
            Text(ToolFrames.Calls([("a", new ToolRequest("u", "f", JsonElement.Parse("""{"x":1}"""))), ("", new ToolRequest("", "g", default))])));
        var failure = ToolFrames.Failure("f", "no answer");
        Assert.Equal(("", false), (failure.Id, failure.WillContinue));
        Assert.Equal("""{"toolResponse":{"functionResponses":[{"id":"a","name":"f","response":{"error":"no answer"}}]}}""", Text(ToolFrames.Results([("a", failure)])));
        Assert.Equal("""{"toolCallCancellation":{"ids":["a","b"]}}""", Text(ToolFrames.Cancellation(["a", "b"])));
    }

    [Fact]
    public void Frames_KeepWhatElseAMemberSays_WithTheIdThatTheOtherSideKnows()
    {
        Assert.Equal(["name", "z"], Members("", """{"name":"f","z":{"id":1},"id":"old"}"""));
        var renamed = JsonNode.Parse(ToolFrames.Calls([("new", Framed("""{"name":"f","z":{"id":1},"id":"old"}"""))]).Span)!["toolCall"]!["functionCalls"]![0]!;
        Assert.Equal(("new", "f", 1), (renamed["id"]!.GetValue<string>(), renamed["name"]!.GetValue<string>(), renamed["z"]!["id"]!.GetValue<int>()));

        static ToolRequest Framed(string json) => new("u", "f", default) { Frame = JsonElement.Parse(json) };
        static IEnumerable<string> Members(string id, string json) =>
            JsonNode.Parse(ToolFrames.Calls([(id, Framed(json))]).Span)!["toolCall"]!["functionCalls"]![0]!.AsObject().Select(member => member.Key);
    }

    [Fact]
    public void Words_OfACall_AreItsJson_CutWhereTheyAreTooLong()
    {
        var call = ToolBook.Answered(ToolBook.Answered(Call("c", args: null), Result(1, more: true), 1), Result(2, more: false), 2);
        Assert.Equal(("f({})", "1, then 2"), (ToolFrames.Call(call), ToolFrames.Returned(call)));
        Assert.Equal($"f(\"{new string('x', 7_998)}\")", ToolFrames.Call(Call("c", args: $"\"{new string('x', 7_998)}\"")));
        Assert.Equal($"f(\"{new string('x', 7_999)}…)", ToolFrames.Call(Call("c", args: $"\"{new string('x', 7_999)}\"")));
    }

    private static ToolBook Book(params BookedCall[] calls) => calls.Aggregate(ToolBook.Empty, (book, call) => book.Add(call));

    private static BookedCall Call(string id, int link = 1, string? upstream = null, string? args = "{}", long question = 0) =>
        new(id, "f", args is null ? default : JsonElement.Parse(args), 1) { Link = link, UpstreamId = upstream ?? id, Question = question };

    private static ToolResult Result(int value, bool more) => new("c", "f", JsonElement.Parse(value.ToString(CultureInfo.InvariantCulture)), more);

    private static string Text(ReadOnlyMemory<byte> frame) => Encoding.UTF8.GetString(frame.Span);
}
