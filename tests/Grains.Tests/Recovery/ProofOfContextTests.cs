using System.Text.Json;
using Gemini.Live.Scanning;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Journal;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>A resumed session that has forgotten everything tells so by the size of its prompt.</summary>
public sealed class ProofOfContextTests
{
    [Theory]
    [InlineData(1_000, 499, true)]
    [InlineData(1_000, 500, false)]
    [InlineData(1_000, 1_100, false)]
    [InlineData(120_000, 52_427, true)]
    [InlineData(120_000, 52_428, false)]
    public void Prompt_OfAResumedSession_ThatIsTooSmall_IsALostContext(int before, int after, bool lost)
    {
        var s = Prompted(Metered(before).Lost().Ready(), after);
        Assert.Equal(lost, s.State.RepairDue);
        Assert.Equal(lost, s.Last.Any(effect => effect is Effect.Count { What: "contextLost" }));
        Assert.Equal(after, s.State.PromptTokens);
    }

    [Fact]
    public void Prompt_OfASeededSession_MaySayWhatItLikes()
    {
        var s = Metered(1_000).Lost().Lost(1007, "Invalid session handle").Ready();
        Assert.False(Prompted(s, 10).State.RepairDue);
    }

    [Fact]
    public void Prompt_OfALaterTurn_ProvesNothing()
    {
        var s = Prompted(Metered(1_000).Lost().Ready(), 1_000);
        s.Audio(600).Spoken(40, "Yes.").GenerationComplete().TurnComplete().Committed();
        Assert.False(Prompted(s, 10).State.RepairDue);
    }

    [Fact]
    public void FirstPrompt_HasNothingToBeComparedWith() =>
        Assert.False(Prompted(Scenario.Live().WholeTurn().Lost().Ready(), 10).State.RepairDue);

    [Fact]
    public void Repair_WaitsForTheEndOfTheTurn_AndIsASeed()
    {
        var s = Metered(1_000).Lost().Ready();
        s.Audio(600).Audio(1_000, voiced: false).Transcribed("q").Spoken(40, "Hello, who are you?");
        Prompted(s, 10).ExpectNo<Effect.CloseLink>().GenerationComplete().TurnComplete().Committed().Handle("h2").Committed();
        Assert.IsType<ResumePlan.Seed>(Assert.IsType<LinkState.Rotating>(s.State.Link).Next);
        Assert.Equal(["", "contextLost"], s.Facts.OfType<LinkLost>().Select(lost => lost.Reason));
        Assert.False(s.State.RepairDue);
    }

    [Fact]
    public void UsedTokens_AreAddedUp_ByTotalOrElseByPrompt()
    {
        var s = Prompted(Prompted(Scenario.Live(), 100), 200);
        Assert.Equal(300, s.State.UsedTokens);
        s.Apply(new ConversationInput.LinkMessage(s.Link, new ServerNotice(ServerParts.Usage) { Usage = JsonElement.Parse("""{"promptTokenCount":10,"totalTokenCount":25}""") }));
        Assert.Equal(325, s.State.UsedTokens);
    }

    private static Scenario Metered(int prompt) => Prompted(Scenario.Live().WholeTurn(), prompt);

    private static Scenario Prompted(Scenario s, int prompt) => s.Apply(new ConversationInput.LinkMessage(
        s.Link, new ServerNotice(ServerParts.Usage) { Usage = JsonElement.Parse($$"""{"promptTokenCount":{{prompt}}}""") }));
}
