using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Gemini.Live.Simulator.Model;

/// <summary>A tool call that the model makes.</summary>
public sealed class ScriptedCall
{
    public string Name { get; set; } = "";

    /// <summary>Arguments as JSON; over the control endpoint also as an object in <c>args</c>.</summary>
    public string ArgsJson { get; set; } = "{}";

    [JsonPropertyName("args")]
    public JsonObject? Args
    {
        get => null;
        set => ArgsJson = value?.ToJsonString() ?? "{}";
    }
}

/// <summary>What the model does in one turn.</summary>
public sealed class ScriptedReply
{
    /// <summary>In <see cref="Text"/>: what the user was heard to say.</summary>
    public const string HeardPlace = "{heard}";

    /// <summary>Words to say; null takes the next demo clip.</summary>
    public string? Text { get; set; }

    /// <summary>Length of the speech; null gives 300 ms per word.</summary>
    public double? Seconds { get; set; }

    /// <summary>Delay before the first output, instead of the option.</summary>
    public int? DelayMs { get; set; }

    /// <summary>Demo clip to play, from 1.</summary>
    public int? Clip { get; set; }

    /// <summary>Spoken before the tool calls, or as filler of an extended-thinking turn.</summary>
    public string? Filler { get; set; }

    /// <summary>Text of the thought part, where the model shows one.</summary>
    public string? Thought { get; set; }

    /// <summary>Calls made before <see cref="Text"/> is said; the text follows the results.</summary>
    public List<ScriptedCall> ToolCalls { get; set; } = [];

    /// <summary>Says what a stall, an empty turn or an early end of the turn before withheld. Without any of these the rule does not match.</summary>
    public bool Rest { get; set; }

    /// <summary>The model chooses silence (proactive audio): no output, no turnComplete.</summary>
    public bool Silent { get; set; }

    /// <summary>The reply to what was heard.</summary>
    internal ScriptedReply To(string heard)
    {
        if (Text is null || !Text.Contains(HeardPlace, StringComparison.Ordinal))
            return this;
        var reply = (ScriptedReply)MemberwiseClone();
        reply.Text = Text.Replace(HeardPlace, heard.Trim(), StringComparison.Ordinal);
        return reply;
    }
}

/// <summary>When a scripted reply applies. All given conditions must hold.</summary>
public sealed class ScriptRule
{
    /// <summary>A part of the model's name.</summary>
    public string? Model { get; set; }

    /// <summary>Session id.</summary>
    public string? Session { get; set; }

    /// <summary>Turn of the session, from 1.</summary>
    public int? Turn { get; set; }

    /// <summary>Part of the user's text or transcript of this turn.</summary>
    public string? Contains { get; set; }

    /// <summary>How often the rule applies; 0 for always.</summary>
    public int Times { get; set; }

    public ScriptedReply Reply { get; set; } = new();
}
