using Gemini.Live.Links;

namespace Orchestrator.Grains.Actor;

/// <summary>One upstream connection as the shell uses it; it is being dialled when the shell gets it.</summary>
internal interface IUpstreamLink
{
    /// <summary>
    /// Sends a text message, whose bytes are the caller's again when this returns; one at a time, and only once the link has said
    /// something. Incomplete means that upstream is slow. A failure is not thrown: the link ends.
    /// </summary>
    ValueTask SendAsync(ReadOnlySpan<byte> frame);

    /// <summary>Closes in peace, dialled or not; what the link still says is ignored by its number.</summary>
    void Close();
}

/// <summary>Hears what links say. Calls for one link come one at a time, its end last.</summary>
internal interface IUpstreamReceiver
{
    /// <summary>A frame, valid during the call.</summary>
    void LinkReceived(int link, ReadOnlyMemory<byte> frame);

    /// <summary>The dial failed, or the link ended after all that was received.</summary>
    void LinkClosed(int link, LinkLoss loss);
}

/// <summary>Dials links for one conversation; called on its mailbox.</summary>
internal interface IUpstream
{
    /// <summary>Dials ahead, without a setup. The next link to that endpoint uses the socket if it is still good; nobody hears of it otherwise.</summary>
    void Prepare(UpstreamEndpoint endpoint);

    /// <summary>Dials a link and sends its setup.</summary>
    /// <param name="link">Number of the link in the conversation.</param>
    /// <param name="setup">The first message.</param>
    /// <param name="receiver">Hears the rest; never called before this returns.</param>
    IUpstreamLink Open(int link, UpstreamEndpoint endpoint, byte[] setup, IUpstreamReceiver receiver);

    /// <summary>The conversation leaves memory: what was dialled ahead is closed.</summary>
    void Close();
}
