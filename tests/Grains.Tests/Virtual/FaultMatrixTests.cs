using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// One thing breaks, in every moment of a conversation, with every model, with marked turns and with an open microphone, under
/// settings of the unknowns that go round.
/// </summary>
public sealed class FaultMatrixTests
{
    public static TheoryData<string> Faults() => [.. FaultMatrix.All.Select(fault => fault.Name)];

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_InAnyMoment_CostsTheClientNothing(string name)
    {
        var fault = FaultMatrix.Find(name);
        Many.Run(fault.Schedules().Select(pair => pair.Schedule), fault.Survives ? Expect.Survival : Expect.Close, conversation =>
        {
            if (fault.MustNotCut)
            {
                Assert.DoesNotContain(conversation.Client.Output, heard => heard.Interrupted);
                Assert.True(conversation.Upstream.Links.Count > 1, "The connection was not changed.");
                // A try that the old socket forbids is no loss.
                Assert.All(conversation.Upstream.Links.Where(link => link.ReadyAt is not null), link => Assert.True(link.IsGivenUp || link.Ended is null, $"Link {link.Number} was not left in time: {link.Ended}"));
            }
        });
    }
}
