using Orchestrator.Silo.Hosting;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary><c>Orchestrator:Recovery:RepeatableTools</c>: names that functions can have.</summary>
public sealed class RepeatableToolsTests
{
    [Theory]
    [InlineData("get_bill", true)]
    [InlineData("_a.b:c-1", true)]
    [InlineData("", false)]
    [InlineData("1st", false)]
    [InlineData("get bill", false)]
    [InlineData("\u0441alc", false)]
    public void Names_AreThoseOfFunctions(string name, bool good)
    {
        var options = new RecoveryOptions { RepeatableTools = { "f", name } };
        var result = new RecoveryOptionsValidator().Validate(null, options);
        Assert.Equal(good, result.Succeeded);
        Assert.True(good || result.FailureMessage!.Contains("Orchestrator:Recovery:RepeatableTools:1", StringComparison.Ordinal));
    }

    [Fact]
    public void LongestName_HasItsBound()
    {
        Assert.True(new RecoveryOptionsValidator().Validate(null, new RecoveryOptions { RepeatableTools = { new string('a', 128) } }).Succeeded);
        Assert.False(new RecoveryOptionsValidator().Validate(null, new RecoveryOptions { RepeatableTools = { new string('a', 129) } }).Succeeded);
    }
}
