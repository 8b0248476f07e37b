using Microsoft.Extensions.Logging;

namespace Orchestrator.Grains.Actor;

/// <summary>What a conversation says in the log: its end, and its bugs; never a word of anybody.</summary>
internal sealed partial class ConversationActor
{
    [LoggerMessage(1, LogLevel.Error, "Conversation {Conversation} failed and was closed", EventName = "ConversationFailed")]
    private partial void Failed(Exception bug, ConversationId conversation);

    [LoggerMessage(2, LogLevel.Information, "Conversation {Conversation} left memory ({Reason}) after {Turns} turns on {Links} links", EventName = "ConversationLeft")]
    private partial void Leaving(ConversationId conversation, string reason, int turns, int links);
}
