using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gemini.Live.Messages;

/// <summary>
/// Base of everything on the wire. Enumerations are strings, durations and 64-bit numbers are what the wire has, so
/// that values which this version does not know pass through. Nullable members are absent when null; plain
/// <c>bool</c> and numbers are absent at their default, as ProtoJSON writes them (dossier §1.4).
/// </summary>
public abstract record WireMessage
{
    /// <summary>Members that this version does not know. They are written back as they came.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}

/// <summary>An object whose presence is the message, such as <c>activityStart</c>.</summary>
public sealed record Marker : WireMessage;

/// <summary>A second name under which a member is read (never written), beside its snake_case one.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AlsoReadAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}
