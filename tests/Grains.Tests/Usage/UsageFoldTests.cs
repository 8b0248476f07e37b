using System.Text.Json;
using Orchestrator.Grains.Usage;
using Orchestrator.Journal;
using Orchestrator.Reading;
using Xunit;

namespace Orchestrator.Grains.Tests.Usage;

public sealed class UsageFoldTests
{
    private static readonly ConversationId Id = new(Guid.Parse("0197a3c0000070008000000000000001"));

    [Fact]
    public void Details_ShortOfTheTotal_LeaveTheRestUnattributed()
    {
        // The recorded 3.8 turn of dossier §3.6.
        var report = Fold(Turn(1, """{"promptTokenCount":550,"responseTokenCount":49,"thoughtsTokenCount":71,"totalTokenCount":599,"promptTokensDetails":[{"modality":"TEXT","tokenCount":320},{"modality":"AUDIO","tokenCount":205}],"responseTokensDetails":[{"modality":"AUDIO","tokenCount":49}]}"""));

        Assert.Equal((550, 25), (report.Prompt.Total, report.Prompt.Unattributed));
        Assert.Equal([new("AUDIO", 205), new("TEXT", 320)], report.Prompt.ByModality);
        Assert.Equal((49, 0), (report.Response.Total, report.Response.Unattributed));
        Assert.Equal(71, report.Thoughts);
        Assert.Equal(599, report.Prompt.Total + report.Response.Total);
    }

    [Fact]
    public void VertexNames_CountLikeTheDeveloperApis()
    {
        var vertex = Fold(Turn(1, """{"promptTokenCount":10,"candidatesTokenCount":"20","candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":20}],"toolUsePromptTokenCount":3,"cachedContentTokenCount":4}"""));
        var developer = Fold(Turn(1, """{"promptTokenCount":10,"responseTokenCount":20,"responseTokensDetails":[{"modality":"AUDIO","tokenCount":20}],"toolUsePromptTokenCount":3,"cachedContentTokenCount":4}"""));
        Assert.Equal(JsonSerializer.Serialize(developer), JsonSerializer.Serialize(vertex));
        Assert.Equal((20, 3, 4), (vertex.Response.Total, vertex.ToolUsePrompt, vertex.Cached));
    }

    [Fact]
    public void Turns_AreSummed_BecauseUpstreamCountsPerTurn()
    {
        // The recorded 3.1 turns of dossier §3.6: 143/19, 181/24, 224/24.
        var report = Fold(
            Turn(1, """{"promptTokenCount":143,"responseTokenCount":19}"""),
            Turn(2, """{"promptTokenCount":181,"responseTokenCount":24}"""),
            Turn(3, """{"promptTokenCount":224,"responseTokenCount":24}"""));
        Assert.Equal((548, 67, 0), (report.Prompt.Total, report.Response.Total, report.TurnsWithoutUsage));
        Assert.Equal([new(1, 143, 19, 0, false), new(2, 181, 24, 0, false), new(3, 224, 24, 0, false)], report.Turns);
    }

    [Fact]
    public void TurnWithoutUsage_IsEstimatedFromItsAudioAndMarked()
    {
        var report = Fold(Turn(1, null), Turn(2, """{"promptTokenCount":5}"""));
        Assert.Equal(new TurnUsage(1, 38, 51, 0, Estimated: true), report.Turns[0]);
        Assert.Equal(new TurnUsage(2, 5, 0, 0, Estimated: false), report.Turns[1]);
        Assert.Equal(1, report.TurnsWithoutUsage);
        Assert.Equal((43, 38), (report.Prompt.Total, report.Prompt.ByModality["AUDIO"]));
        Assert.Equal((3000, 4020), (report.UserAudioMs, report.ModelAudioMs));
    }

    [Fact]
    public void UsageInAnAmendment_ReplacesTheEstimate_AndAddsToWhatWasReported()
    {
        var late = new TurnAmended(1, null, null, JsonElement.Parse("""{"promptTokenCount":100,"responseTokenCount":7}"""));
        Assert.Equal([new(1, 100, 7, 0, false)], Fold(Turn(1, null), late).Turns);
        Assert.Equal([new(1, 143, 26, 0, false)], Fold(Turn(1, """{"promptTokenCount":43,"responseTokenCount":19}"""), late).Turns);
    }

    [Fact]
    public void DetailsWithoutCount_AreZero_AndAreNotListed()
    {
        var report = Fold(Turn(1, """{"promptTokenCount":9,"promptTokensDetails":[{"modality":"AUDIO"},{"modality":"TEXT","tokenCount":9}]}"""));
        Assert.Equal([new("TEXT", 9)], report.Prompt.ByModality);
        Assert.Equal(0, report.Prompt.Unattributed);
    }

    [Fact]
    public void EitherVertexName_IsEnough_AndWhatIsNoNumberIsZero()
    {
        Assert.Equal(20, Fold(Turn(1, """{"candidatesTokenCount":20}""")).Response.Total);
        Assert.Equal([new("TEXT", 7)], Fold(Turn(1, """{"candidatesTokensDetails":[{"modality":"TEXT","tokenCount":7}]}""")).Response.ByModality);
        Assert.Equal(0, Fold(Turn(1, """{"responseTokenCount":true}""")).Response.Total);
    }

    [Fact]
    public void SilentTurnWithoutUsage_HasNoModality()
    {
        Assert.Empty(Fold(Turn(1, null) with { User = null, Model = null }).Prompt.ByModality);
    }

    private static UsageReport Fold(params ConversationFact[] facts) =>
        UsageFold.Empty.Add(facts.Select((fact, i) => new JournalEntry(i + 1, DateTimeOffset.UnixEpoch, fact))).Result(Id);

    private static TurnCommitted Turn(int number, string? usage) => new(
        number, 1, 2, 3, new Utterance("u", 0, 1500, 1500), new Utterance("m", 1600, 3610, 2010), TurnEnding.Completed, 100, 1,
        usage is null ? null : JsonElement.Parse(usage));
}
