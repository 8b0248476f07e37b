using Gemini.Live.Links;

namespace Orchestrator.Grains.Actor;

/// <summary>An upstream endpoint as the grain uses it.</summary>
/// <param name="Name">Configured name, as it appears in facts.</param>
/// <param name="Target">Where to dial, with its credential.</param>
public sealed record UpstreamEndpoint(string Name, LinkTarget Target);

/// <summary>Bounds and times of every conversation on a silo.</summary>
public sealed record ConversationSettings
{
    /// <summary>Bound of the input log under automatic activity detection. Beyond it the oldest audio is dropped and journaled.</summary>
    public long InputLogBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>The same with manual activity, where one answer may take ten minutes.</summary>
    public long ManualInputLogBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bound of output that the client has not confirmed: a minute of 24 kHz audio. Beyond it the oldest is given up.</summary>
    public long OutputLogBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>How long a vanished client's link is kept.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long after its last fact a conversation can be brought back: what Google's own handles are good for.</summary>
    public TimeSpan ResumableFor { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Dialling and reading of upstream connections.</summary>
    public LinkOptions Link { get; init; } = new();
}
