using Microsoft.Extensions.Options;
using Orchestrator.Silo.Hosting;
using Xunit;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>Sections <c>Orchestrator:Silo</c> and <c>Orchestrator:Conversations</c>: what is refused, with the name of the key.</summary>
public sealed class SiloOptionsTests
{
    [Fact]
    public void Defaults_AreGood()
    {
        Assert.True(new SiloOptionsValidator().Validate(null, new SiloOptions { Name = "silo-1" }).Succeeded);
        Assert.True(new ConversationOptionsValidator().Validate(null, new ConversationOptions()).Succeeded);
    }

    [Theory]
    [InlineData(0.9)]
    [InlineData(601)]
    public void IsolatedAfter_OutOfBounds_IsRefused(double seconds) => Refused(
        new SiloOptionsValidator().Validate(null, new SiloOptions { IsolatedAfter = TimeSpan.FromSeconds(seconds) }),
        "Orchestrator:Silo:IsolatedAfter must be between 1 second and 10 minutes.");

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public void MaxDisplacements_OutOfBounds_IsRefused(int count) => Refused(
        new ConversationOptionsValidator().Validate(null, new ConversationOptions { MaxDisplacements = count }),
        "Orchestrator:Conversations:MaxDisplacements must be between 1 and 1000.");

    [Theory]
    [InlineData(0.9)]
    [InlineData(3_601)]
    public void DisplacementWindow_OutOfBounds_IsRefused(double seconds) => Refused(
        new ConversationOptionsValidator().Validate(null, new ConversationOptions { DisplacementWindow = TimeSpan.FromSeconds(seconds) }),
        "Orchestrator:Conversations:DisplacementWindow must be between 1 second and 1 hour.");

    [Fact]
    public void Displacements_ReachTheGrains()
    {
        var settings = new ConversationOptions { MaxDisplacements = 3, DisplacementWindow = TimeSpan.FromSeconds(7) }.ToSettings();
        Assert.Equal((3, TimeSpan.FromSeconds(7)), (settings.MaxDisplacements, settings.DisplacementWindow));
    }

    private static void Refused(ValidateOptionsResult result, string why) => Assert.Equal(why, Assert.Single(result.Failures!));
}
