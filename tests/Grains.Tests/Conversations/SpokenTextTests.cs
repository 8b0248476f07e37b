using System.Collections.Immutable;
using Orchestrator.Grains.Conversations;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>The history keeps the order of a conversation, whatever order its words come in.</summary>
public sealed class SpokenTextTests
{
    private static readonly ImmutableList<SpokenText> Two = [User(1, "u1"), Model(1, "m1"), User(2, "u2"), Model(2, "m2")];

    [Fact]
    public void Words_OfATurnThatIsThere_AreAppendedToTheirSide()
    {
        Assert.Equal("u1 m1 u2+ m2", Text(SpokenText.Add(Two, User(2, "+"))));
        Assert.Equal("u1 m1 u2 m2+", Text(SpokenText.Add(Two, Model(2, "+"))));
        Assert.Equal("u1+ m1 u2 m2", Text(SpokenText.Add(Two, User(1, "+"))));
        Assert.Equal("u1+ m1* u2 m2", Text(SpokenText.Add(Two, 1, "+", "*")));
    }

    [Fact]
    public void LateQuestion_StandsBeforeItsAnswer()
    {
        Assert.Equal("u1 m1 u2 m2", Text(SpokenText.Add(Two.RemoveAt(2), User(2, "u2"))));
        Assert.Equal("u1 m1 u2 m2", Text(SpokenText.Add(Two.RemoveAt(0), User(1, "u1"))));
        Assert.Equal("u1 m1 u2 m2", Text(SpokenText.Add(Two.RemoveAt(1), Model(1, "m1"))));
        Assert.Equal("u1 m1 u2 m2 u3", Text(SpokenText.Add(Two, User(3, "u3"))));
        Assert.Equal("m1", Text(SpokenText.Add([], Model(1, "m1"))));
    }

    [Fact]
    public void NoWords_AreNothing() => Assert.Same(Two, SpokenText.Add(Two, User(3, "")));

    [Fact]
    public void Transcript_TakesThePlaceOfTheNoteThatThereIsNone()
    {
        var history = ImmutableList.Create(User(1, SpokenText.Untranscribed) with { IsNote = true }, Model(1, "m1"));
        var told = SpokenText.Add(history, User(1, "u1"));
        Assert.Equal("u1 m1", Text(told));
        Assert.False(told[0].IsNote);
    }

    [Fact]
    public void Settling_ReachesBackToTheInteractionsBeginning_AndNoFurther()
    {
        var history = ImmutableList.Create(User(1, "u1") with { IsOpen = true }, Model(1, "m1"), User(2, "u2") with { IsOpen = true }, Model(2, "m2") with { Cut = true }, Model(3, "m3") with { IsOpen = true });
        Assert.Equal([true, false, false, false, false], SpokenText.Settle(history).Select(said => said.IsOpen));
        Assert.Equal([false], SpokenText.Settle([User(1, "u1") with { IsOpen = true }]).Select(said => said.IsOpen));
    }

    private static string Text(IEnumerable<SpokenText> history) => string.Join(' ', history.Select(said => said.Text));

    private static SpokenText User(int turn, string text) => new(turn, Speaker.User, text);

    private static SpokenText Model(int turn, string text) => new(turn, Speaker.Model, text);
}
