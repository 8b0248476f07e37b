using Gemini.Live.Links;

namespace Gemini.Live.Simulator.Sessions;

/// <summary>What a connection wants done to its socket, in order.</summary>
public abstract record SimOutput
{
    private SimOutput()
    {
    }

    /// <summary>Send this as one binary frame.</summary>
    public sealed record Send(ReadOnlyMemory<byte> Frame) : SimOutput;

    /// <summary>Close with a close frame.</summary>
    public sealed record Close(int Code, string Reason) : SimOutput;

    /// <summary>Reset the connection without a close frame.</summary>
    public sealed record Abort : SimOutput;

    /// <summary>From now on answer pings only after a random time within these bounds.</summary>
    public sealed record SlowPongs(TimeSpan Min, TimeSpan Max) : SimOutput;
}

/// <summary>How a client came: what the URL and the headers said.</summary>
/// <param name="ApiVersion"><c>v1beta</c> or <c>v1alpha</c>, <c>v1</c>.</param>
/// <param name="Constrained">The method for ephemeral tokens was dialled.</param>
/// <param name="Credential">API key, bearer token, or <c>auth_tokens/…</c>; null without any.</param>
public sealed record ConnectRequest(string ApiVersion, bool Constrained, string? Credential)
{
    /// <summary>The surface that was dialled.</summary>
    public UpstreamDialect Dialect { get; init; }

    /// <summary>Vertex: the credential is a bearer token, so the model's name must say the project.</summary>
    public bool Bearer { get; init; }

    internal bool IsVertex => Dialect == UpstreamDialect.Vertex;
}
