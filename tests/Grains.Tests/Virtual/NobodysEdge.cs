using Orchestrator.Attach;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>An edge that nothing may be said to.</summary>
internal sealed class NobodysEdge : IEdge
{
    public void Opened(IAttachment attachment, bool awaitsSetup) => Assert.Fail("A late attach was served.");

    public void Deliver(in OutputFrame frame) => Assert.Fail("A late attach was served.");

    public void Durable(long inputSeq) => Assert.Fail("A late attach was served.");

    public void Close(EdgeClose close) => Assert.Fail("A late attach was served.");
}
