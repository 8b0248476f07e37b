using Orchestrator.Testing.Promises;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>
/// P5: the client is asked once for each call, and the model knows each result: as an answer to its own call or told by the
/// gateway. Both only where it was told at first and asked nevertheless.
/// </summary>
internal sealed class ToolCheck(VirtualConversation conversation, IReadOnlyList<ContextItem> context)
{
    /// <summary>The model has still to be told a result.</summary>
    public bool IsOwed => conversation.Client.Calls.Exists(call => call is { Forgotten: false, Cancelled: false, AnsweredAt: not null } && !Knows(VirtualClient.ResultOf(call.Asked)));

    public void Check()
    {
        foreach (var calls in conversation.Client.Calls.Where(call => !call.Forgotten).GroupBy(call => call.Asked))
        {
            Assert.True(calls.Count() == 1, $"The client was asked {calls.Count()} times for {calls.Key}.");
            var call = calls.Single();
            if (call is { AnsweredAt: not null, Cancelled: false })
            {
                Known(call.Asked);
            }
        }
    }

    private bool Knows(string result) => context.Any(item => item is ContextItem.Result { Text: var answer } && Count(answer, result) > 0 || item is ContextItem.Note { Text: var note } && Count(note, result) > 0);

    private void Known(string asked)
    {
        var result = VirtualClient.ResultOf(asked);
        var answered = Places(item => item is ContextItem.Result known ? Count(known.Text, result) : 0);
        var told = Places(item => item is ContextItem.Note note ? Count(note.Text, result) : 0);
        Assert.True(answered.Count <= 1, $"The model's context has the result of {asked} as an answer {answered.Count} times.");
        Assert.True(told.Count <= 1, $"The model was told the result of {asked} {told.Count} times.");
        Assert.True(answered.Count + told.Count > 0, $"The model's context lacks the result of {asked}.");
        Assert.True(answered.Count == 0 || told.Count == 0 || told[0] < answered[0], $"The model was told the result of {asked} that it had.");
    }

    private List<int> Places(Func<ContextItem, int> times) => [.. context.Index().SelectMany(item => Enumerable.Repeat(item.Index, times(item.Item)))];

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
