using System.Collections.Immutable;
using Gemini.Live.Links;
using Orchestrator.Grains.Recovery;

namespace Orchestrator.Grains.Actor;

/// <summary>An upstream endpoint as the grain uses it.</summary>
/// <param name="Name">Configured name, as it appears in facts.</param>
/// <param name="Target">Where to dial, with its credential.</param>
public sealed record UpstreamEndpoint(string Name, LinkTarget Target)
{
    /// <summary>The group of an endpoint that names none.</summary>
    public const string DefaultGroup = "default";

    public UpstreamDialect Dialect { get; init; }

    /// <summary>Vertex: the project that models are named in; null for an express-mode key.</summary>
    public string? Project { get; init; }

    /// <summary>Vertex: the region that models are named in.</summary>
    public string? Location { get; init; }

    /// <summary>Share of new conversations among the endpoints of the group; 0 takes those only that fail elsewhere.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Fail-over never leaves the group, so that data stays where the tenant wants it.</summary>
    public string Group { get; init; } = DefaultGroup;

    /// <summary>What <c>setup.model</c> must say here for the model that the client named.</summary>
    public string ModelName(string model) => Dialect switch
    {
        UpstreamDialect.Vertex => ModelNames.Vertex(model, Project, Location),
        _ => ModelNames.Developer(model),
    };
}

/// <summary>Bounds and times of every conversation on a silo.</summary>
public sealed record ConversationSettings
{
    /// <summary>Bound of the input log under automatic activity detection. Beyond it the oldest audio is dropped and journaled.</summary>
    public long InputLogBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>The same with manual activity, where one answer may take ten minutes.</summary>
    public long ManualInputLogBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Bound of output that the client has not confirmed: a minute of 24 kHz audio. Beyond it the oldest is given up.</summary>
    public long OutputLogBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Conversations that the silo takes into memory.</summary>
    public int MaxConversations { get; init; } = 2_000;

    /// <summary>How long a vanished client's link is kept.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>So often within the window clients may take a conversation from one another.</summary>
    public int MaxDisplacements { get; init; } = 6;

    public TimeSpan DisplacementWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long after its last fact a conversation can be brought back: what Google's own handles are good for.</summary>
    public TimeSpan ResumableFor { get; init; } = TimeSpan.FromHours(2);

    /// <summary>There are other silos, and front-ends that follow a conversation there.</summary>
    public bool MayMove { get; init; }

    /// <summary>Budgets of the recovery ladder.</summary>
    public RecoveryPolicy Recovery { get; init; } = new();

    /// <summary>Functions that may run again when their turn is answered anew; any other runs once.</summary>
    public ImmutableHashSet<string> RepeatableTools { get; init; } = ImmutableHashSet<string>.Empty;

    /// <summary>Dialling and reading of upstream connections.</summary>
    public LinkOptions Link { get; init; } = new();
}
