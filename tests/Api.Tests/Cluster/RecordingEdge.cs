using System.Threading.Channels;
using Orchestrator.Api.Cluster;
using Orchestrator.Attach;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>A client's side that keeps what it is given, in order.</summary>
internal class RecordingEdge : IEdge
{
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private int _inside;

    public IAttachment? Attachment { get; private set; }

    public async Task<string> NextAsync() => await Patience.For(_events.Reader.ReadAsync().AsTask(), "something at the edge");

    public void Opened(IAttachment attachment, bool awaitsSetup)
    {
        Attachment = attachment;
        Record($"opened {attachment.Generation} epoch {attachment.Epoch} next {attachment.NextInput}{(awaitsSetup ? " awaits setup" : "")}");
    }

    public void Deliver(in OutputFrame frame) =>
        Record($"output {frame.Seq} {frame.Traits} {frame.AudioMs} ms: {System.Text.Encoding.UTF8.GetString(frame.Payload.Span)}");

    public void Durable(long inputSeq) => Record($"durable {inputSeq}");

    public void Close(EdgeClose close) => Record($"close {close.Code} {close.Reason}");

    protected void Record(string what)
    {
        Assert.Equal(1, Interlocked.Increment(ref _inside));
        _events.Writer.TryWrite(what);
        Interlocked.Decrement(ref _inside);
    }
}

/// <summary>One that would go on elsewhere.</summary>
internal sealed class RecordingOwner : RecordingEdge, ILastingEdge
{
    public void Lost(string reason) => Record("lost");
}
