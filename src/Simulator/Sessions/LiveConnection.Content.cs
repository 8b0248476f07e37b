using System.Text.Json;
using Gemini.Live.Models;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>clientContent and contextUpdate.</summary>
public sealed partial class LiveConnection
{
    private Refusal? OnClientContent(JsonElement content)
    {
        var model = _setup!.Model;
        var turns = content.Get("turns").Items().ToList();
        var complete = content.Get("turnComplete").IsTrue();
        if (turns.Exists(turn => IsBadTurn(turn, model)))
            return Refusal.InvalidArgument;
        if (complete && model.SeedsLikeChat && turns.Count > 0 && turns[^1].Get("role").Text() == "model")
            return Refusal.InvalidArgument;
        // 2.5: clientContent that races live audio (pipecat#4403).
        if (complete && model.SeedsLikeChat && UserSpeaks)
            return Refusal.InvalidArgument;
        if (_knobs.ClientContentOnlyInitially && model.Facts.MidSessionContent == ContentRule.Disputed && _contentSeen && !_historyOpen)
            return Refusal.InvalidArgument;

        if (!_historyOpen)
            Interrupt(always: true);
        foreach (var turn in turns)
        {
            var text = string.Concat(turn.Get("parts").Items().Select(part => part.Get("text").Text()));
            if (turn.Get("role").Text() != "model")
                _heard.Append(text);
            var entry = new MemoryEntry(MemoryKind.Content, Number, _now)
            {
                Role = turn.Get("role").Text() ?? "",
                Text = text,
                Pending = model.SeedsLikeChat && !complete,
            };
            if (Remember(entry) is { } exhausted)
                return exhausted;
        }
        if (!complete)
            return null;
        foreach (var entry in _memory.Entries)
            entry.Pending = false;
        _contentSeen = true;
        if (_historyOpen)
        {
            _historyOpen = false;
            _heard.Clear();
            IssueHandle(first: false);
            return null;
        }
        AnswerUser();
        return null;
    }

    /// <summary>Roles, and parts that a seed may not have (dossier §2.4).</summary>
    private static bool IsBadTurn(JsonElement turn, ModelBehaviour model)
    {
        var role = turn.Get("role").Text();
        return (model.Facts.RolesRequired && string.IsNullOrEmpty(role))
            || role is not (null or "" or "user" or "model")
            || turn.Get("parts").Items().Any(part => part.Get("functionCall").Exists() || part.Get("functionResponse").Exists()
                || part.Get("inlineData").Get("mimeType").Text()?.StartsWith("audio/", StringComparison.Ordinal) == true);
    }

    private Refusal? OnContextUpdate(JsonElement update)
    {
        if (!_setup!.Model.ContextUpdate)
            return Refusal.Payload("Invalid JSON payload received. Unknown name \"contextUpdate\": Cannot find field.");
        if (SetupChecks.CheckTools(update.Get("tools").Get("tools"), _setup.Model) is { } refusal)
            return refusal;
        _setup = _setup.With(update);
        return Remember(new MemoryEntry(MemoryKind.ContextUpdate, Number, _now) { Text = update.GetRawText() });
    }
}
