using System.Buffers;
using Gemini.Live.Links;
using Gemini.Live.Scanning;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>Hands a Vertex link's frames to the conversation in the words of the Developer API.</summary>
internal sealed class VertexReceiver(IUpstreamReceiver receiver) : IUpstreamReceiver
{
    private const int KeepBytes = 64 * 1024;

    // One frame at a time: the buffer is free again when the call returns.
    private ArrayBufferWriter<byte> _frame = new(8 * 1024);

    public void LinkReceived(int link, ReadOnlyMemory<byte> frame)
    {
        if (!VertexFrames.TryTranslate(frame.Span, _frame))
        {
            receiver.LinkReceived(link, frame);
            return;
        }

        receiver.LinkReceived(link, _frame.WrittenMemory);
        _frame.ResetWrittenCount();
        _frame = _frame.Capacity > KeepBytes ? new ArrayBufferWriter<byte>(8 * 1024) : _frame;
    }

    public void LinkClosed(int link, LinkLoss loss) => receiver.LinkClosed(link, loss);
}
