using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Orchestrator.Silo.WarmUp;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.WarmUp;

/// <summary>A warm-up costs a process seconds at most, and never its start.</summary>
public sealed class WarmUpRunTests
{
    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("true", true)]
    [InlineData("False", false)]
    public void Key_SaysWhetherItIsPlayed(string? value, bool wanted) => Assert.Equal(wanted, WarmUpRun.IsWanted(Configured(value)));

    [Fact]
    public async Task Key_WithAnotherWord_IsNamed()
    {
        var wrong = await Assert.ThrowsAsync<OptionsValidationException>(() => WarmUpRun.RunAsync(Configured("perhaps"), _ => Task.CompletedTask));
        Assert.Contains("Orchestrator:WarmUp must be true or false, not perhaps.", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NotWanted_IsNotPlayed() =>
        await WarmUpRun.RunAsync(Configured("false"), _ => throw new InvalidOperationException("It was played."));

    [Fact]
    public async Task Failure_IsSaid_AndThrowsNothing() =>
        Assert.Equal("No port.", await WarmUpRun.FailureAsync(_ => throw new IOException("No port."), TimeProvider.System));

    [Fact]
    public async Task WithoutAnEnd_IsGivenUpAfterTenSeconds()
    {
        var clock = new ManualTime();
        var running = WarmUpRun.FailureAsync(cancellation => Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellation), clock);

        clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(running.IsCompleted);

        clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.NotNull(await Patience.For(running, "the end"));
    }

    private static IConfiguration Configured(string? value) =>
        new ConfigurationBuilder().AddInMemoryCollection([new("Orchestrator:WarmUp", value)]).Build();
}
