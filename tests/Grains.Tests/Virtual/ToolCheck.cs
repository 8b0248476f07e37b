using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>P5: the client is asked at most once for each call, and the model knows each result once.</summary>
internal sealed class ToolCheck(VirtualConversation conversation, IReadOnlyList<ContextItem> context)
{
    public void Check()
    {
        foreach (var calls in conversation.Client.Calls.Where(call => !call.Forgotten).GroupBy(call => call.Asked))
        {
            Assert.True(calls.Count() == 1, $"The client was asked {calls.Count()} times for {calls.Key}.");
            var call = calls.Single();
            if (call is { AnsweredAt: not null, Cancelled: false })
            {
                var result = VirtualClient.ResultOf(call.Asked);
                var known = context.Sum(item => item switch
                {
                    ContextItem.Result known => Count(known.Text, result),
                    ContextItem.Note note => Count(note.Text, result),
                    _ => 0,
                });
                Assert.True(known == 1, $"The model's context has the result of {call.Asked} {known} times.");
            }
        }
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
