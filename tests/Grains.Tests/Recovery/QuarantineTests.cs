using Gemini.Live.Closes;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>Frames that upstream refuses are not sent again.</summary>
public sealed class QuarantineTests
{
    private const string Vague = "Request contains an invalid argument.";

    [Theory]
    [InlineData(InputTraits.ClientContent, "Invalid value at 'client_content.turns[0]'", "content")]
    [InlineData(InputTraits.ToolResponse, "Invalid value at 'tool_response.function_responses[0]'", "toolResponse")]
    [InlineData(InputTraits.Text, "Invalid value at 'realtime_input.text'", "text")]
    [InlineData(InputTraits.ContextUpdate, "Invalid value at 'context_update'", "contextUpdate")]
    public void FrameThatTheReasonNames_GoesAtTheFirstRefusal(InputTraits traits, string reason, string kind)
    {
        var s = Sent(traits);
        var seq = s.State.Media.LastInput;
        s.Client(InputTraits.Audio | InputTraits.Voiced, audioMs: 20).Lost(1007, reason);
        Assert.Equal(seq, s.Expect<Effect.QuarantineInput>().Position);
        Assert.Equal((seq, kind), Fact(s) is { } fact ? (fact.Position, fact.Kind) : default);
        s.Expect<Effect.OpenLink>();
    }

    [Fact]
    public void FrameOfAnotherKindThanNamed_IsSpared() =>
        Sent(InputTraits.Text).Lost(1007, "Invalid value at 'tool_response'").ExpectNo<Effect.QuarantineInput>();

    [Fact]
    public void VagueReason_NeedsTheSameCloseTwice_AndTakesTheNewest()
    {
        var s = Sent(InputTraits.ClientContent).Client(InputTraits.Text, text: "typed");
        var newest = s.State.Media.LastInput;
        s.Lost(1007, Vague).ExpectNo<Effect.QuarantineInput>().Expect<Effect.OpenLink>();
        s.Ready().Spoken(20).Lost(1007, Vague);
        Assert.Equal(newest, s.Expect<Effect.QuarantineInput>().Position);
    }

    [Fact]
    public void VagueReason_WithAnotherCloseInBetween_BeginsAnew()
    {
        var s = Sent(InputTraits.Text).Lost(1007, Vague).Ready().Spoken(20).Lost(1007, "Invalid JSON payload received.");
        s.ExpectNo<Effect.QuarantineInput>();
    }

    [Fact]
    public void OneCulprit_AtATime_AndTheCountBeginsAnew()
    {
        var s = Sent(InputTraits.ClientContent).Client(InputTraits.Text, text: "typed").Lost(1007, Vague).Ready().Spoken(20).Lost(1007, Vague);
        Assert.Null(s.State.RefusedWith);
        Assert.Single(s.State.Suspects);
    }

    [Fact]
    public void Audio_IsNeverSuspected()
    {
        var s = Scenario.Live().WholeTurn().Audio(600);
        Assert.Empty(s.State.Suspects);
        s.Lost(1007, Vague).Ready().Spoken(20).Lost(1007, Vague).ExpectNo<Effect.QuarantineInput>();
    }

    [Fact]
    public void OtherCauses_AreNobodysFault() =>
        Sent(InputTraits.Text).Lost(1011, "Internal error encountered.").Ready().Spoken(20).Lost(1011, "Internal error encountered.").ExpectNo<Effect.QuarantineInput>();

    [Fact]
    public void SetupThatNeverWorked_GivesTheClientUpstreamsWords_WhenTheyComeTwice()
    {
        var s = Scenario.Live().Client(InputTraits.ClientContent | InputTraits.ContentComplete, text: "hm").Spoken(20).Lost(1007, "Invalid value at 'client_content'");
        s.ExpectNo<Effect.QuarantineInput>().Expect<Effect.OpenLink>();
        s.Ready().Spoken(20).Lost(1007, "Invalid value at 'client_content'").ExpectNo<Effect.QuarantineInput>();
        Assert.Equal(new EdgeClose(1007, "Invalid value at 'client_content'"), s.Expect<Effect.CloseClient>().Close);
    }

    [Fact]
    public void FrameOfASettledTurn_IsNotSuspectedAnyMore()
    {
        var s = Sent(InputTraits.Text).Spoken(40, "Yes.").GenerationComplete().TurnComplete().Committed();
        Assert.Empty(s.State.Suspects);
    }

    [Fact]
    public void FrameThatWasNotSent_IsNotSuspected()
    {
        var s = Sent(InputTraits.Text);
        s.State.Media.SentTo = s.State.Media.LastInput - 1;
        Assert.Equal(FrameKinds.None, Quarantine.Recent(s.State, s.Now));
        s.Lost(1007, "Invalid value at 'realtime_input.text'").ExpectNo<Effect.QuarantineInput>();
    }

    [Theory]
    [InlineData(10_000, FrameKinds.Text)]
    [InlineData(10_001, FrameKinds.None)]
    public void RecentFrames_AreThoseOfTenSeconds(long afterMs, FrameKinds kinds)
    {
        var s = Sent(InputTraits.Text);
        Assert.Equal(kinds, Quarantine.Recent(s.State, s.Now + afterMs));
    }

    [Fact]
    public void Suspects_AreTheNewestSixteen()
    {
        var s = Scenario.Live().WholeTurn();
        for (var i = 0; i < 17; i++)
        {
            s.Client(InputTraits.Text, text: "typed");
        }

        Assert.Equal(16, s.State.Suspects.Count);
        Assert.Equal(s.State.Media.LastInput, s.State.Suspects[^1].Seq);
    }

    /// <summary>A proven setup, and a frame of that kind.</summary>
    private static Scenario Sent(InputTraits traits)
    {
        var s = Scenario.Live().WholeTurn();
        return traits == InputTraits.ToolResponse
            ? s.Client(InputTraits.Audio | InputTraits.Voiced, audioMs: 20).Client(traits)
            : s.Client(traits, text: "typed");
    }

    private static InputQuarantined? Fact(Scenario s) => s.Last.OfType<Effect.Append>().Select(append => append.Fact).OfType<InputQuarantined>().SingleOrDefault();
}
