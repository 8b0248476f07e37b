using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orchestrator.Grains.Recovery;
using Orchestrator.Silo.Hosting;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>Section <c>Orchestrator:Recovery</c>: what is read, and what is refused with the name of the key.</summary>
public sealed class RepeatableToolsTests
{
    [Fact]
    public void Nothing_IsThePolicysOwnDefaults()
    {
        // Lists are compared by reference.
        var defaults = new RecoveryPolicy();
        Assert.Equal(defaults, new RecoveryOptions().ToPolicy() with { OldSocketWaitsMs = defaults.OldSocketWaitsMs });
    }

    [Fact]
    public void EveryKey_ReachesThePolicy()
    {
        var policy = Read(
            "TimeBudget=00:00:45", "RetryDelay=00:00:00.100", "RetryMaxDelay=00:00:02", "ResumeTries=1", "FreshTries=2", "LossesPerTurn=5",
            "RotateAge=00:08:00", "StallAfter=00:00:09", "SeedTokens=4000", "TokenShare=0.5", "CutReplies=continue").ToPolicy();
        Assert.Equal((45_000, 100, 2_000), (policy.TimeMs, policy.RetryMs, policy.RetryMaxMs));
        Assert.Equal((1, 2, 5), (policy.ResumeTries, policy.FreshTries, policy.LossesPerTurn));
        Assert.Equal((480_000, 9_000, 4_000), (policy.RotateAgeMs, policy.StallMs, policy.SeedTokens));
        Assert.Equal((0.5, CutReplies.Continue), (policy.TokenShare, policy.CutReplies));
    }

    [Theory]
    [InlineData("TimeBudget", "00:00:00")]
    [InlineData("RetryDelay", "00:00:05")]
    [InlineData("RetryDelay", "00:00:00")]
    [InlineData("RetryMaxDelay", "00:02:00")]
    [InlineData("ResumeTries", "-1")]
    [InlineData("FreshTries", "0")]
    [InlineData("LossesPerTurn", "0")]
    [InlineData("RotateAge", "00:00:30")]
    [InlineData("StallAfter", "00:00:01")]
    [InlineData("SeedTokens", "100")]
    [InlineData("TokenShare", "-0.1")]
    [InlineData("CutReplies", "7")]
    public void WrongValue_StopsTheStart_AndNamesTheKey(string key, string value)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read($"{key}={value}"));
        Assert.Contains($"Orchestrator:Recovery:{key} must be", refused.Message, StringComparison.Ordinal);
        Assert.Single(refused.Failures);
    }

    private static RecoveryOptions Read(params string[] keys)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection(keys.Select(key => key.Split('=', 2)).Select(pair => new KeyValuePair<string, string?>($"{RecoveryOptions.Section}:{pair[0]}", pair[1])))
            .Build());
        services.AddOptions<RecoveryOptions>().BindConfiguration(RecoveryOptions.Section);
        services.AddSingleton<IValidateOptions<RecoveryOptions>, RecoveryOptionsValidator>();
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<RecoveryOptions>>().Value;
    }
}
