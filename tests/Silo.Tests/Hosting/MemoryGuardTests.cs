using Orchestrator.Silo.Hosting;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>When a process has no memory for more conversations.</summary>
public sealed class MemoryGuardTests
{
    private readonly ManualTime _clock = new();
    private long _used = 99;
    private int _asked;

    [Fact]
    public void Limit_IsReached_AndLeftAgain()
    {
        var guard = Guard(100);
        Assert.False(guard.IsShort);
        _used = 100;
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(guard.IsShort);
        _used = 99;
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(guard.IsShort);
    }

    [Fact]
    public void ManyWhoAskAtOnce_CostOneMeasurement()
    {
        var guard = Guard(100);
        for (var n = 0; n < 1000; n++)
        {
            Assert.False(guard.IsShort);
            _used = 1000;
        }

        Assert.Equal(1, _asked);
    }

    [Fact]
    public void LimitThatNobodyKnows_IsNone() => Assert.False(Guard(0).IsShort);

    [Theory]
    [InlineData(0.04, null, "MaxMemoryShare")]
    [InlineData(1.01, null, "MaxMemoryShare")]
    [InlineData(double.NaN, null, "MaxMemoryShare")]
    [InlineData(0.5, 67_108_863L, "MaxMemoryBytes")]
    [InlineData(1, 67_108_864L, null)]
    public void Options_AreValidated(double share, long? bytes, string? wrong)
    {
        var result = new ConversationOptionsValidator().Validate(null, new ConversationOptions { MaxMemoryShare = share, MaxMemoryBytes = bytes });
        Assert.Equal(wrong is null, result.Succeeded);
        Assert.True(wrong is null || Assert.Single(result.Failures!).StartsWith($"Orchestrator:Conversations:{wrong} ", StringComparison.Ordinal));
    }

    /// <summary>This process is larger than the smallest limit, and smaller than what there is.</summary>
    [Fact]
    public void RealProcess_IsMeasured()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(80 * 1024 * 1024, pinned: true);
        Array.Fill(bytes, (byte)1);
        Assert.True(new ConversationOptions { MaxMemoryBytes = 64 * 1024 * 1024 }.ToMemoryGuard(_clock).IsShort);
        Assert.False(new ConversationOptions { MaxMemoryShare = 1 }.ToMemoryGuard(_clock).IsShort);
        GC.KeepAlive(bytes);
    }

    private MemoryGuard Guard(long limit) => new(
        () =>
        {
            _asked++;
            return _used;
        },
        () => limit,
        _clock);
}
