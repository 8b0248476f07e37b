using Orchestrator.Api.Composition;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests;

/// <summary>A process talks with itself to the end, over real sockets.</summary>
public sealed class ClientWarmUpTests
{
    [Fact]
    public Task AllInOne_PlaysToTheEnd() => Patience.For(ClientWarmUp.PlayAsync(CancellationToken.None), "the end of the warm-up");

    [Fact]
    public Task FrontEnd_PlaysToTheEnd() => Patience.For(ClientWarmUp.PlayOverLinkAsync(CancellationToken.None), "the end of the warm-up");

    [Fact]
    public async Task Cancelled_Ends()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Patience.For(ClientWarmUp.PlayOverLinkAsync(cancelled.Token), "the end"));
    }
}
