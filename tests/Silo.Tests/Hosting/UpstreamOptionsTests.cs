using Gemini.Live.Links;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Orchestrator.Silo.Hosting;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>Section <c>Orchestrator:Upstream</c>: what is read, and what is refused with the name of the key.</summary>
public sealed class UpstreamOptionsTests
{
    [Fact]
    public void Nothing_IsFine_AndMeansNoEndpoint() => Assert.Empty(Read().Endpoints);

    [Fact]
    public void DeveloperEndpoint_HasTheDefaultsThatItAlwaysHad()
    {
        var endpoint = Assert.Single(Read("0:BaseUrl=https://generativelanguage.googleapis.com", "0:ApiKey=k").Endpoints).ToEndpoint();
        Assert.Equal("generativelanguage.googleapis.com", endpoint.Name);
        Assert.Equal("wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", endpoint.Target.Uri.AbsoluteUri);
        Assert.Equal([new("x-goog-api-key", "k")], endpoint.Target.Headers);
        Assert.Equal((UpstreamDialect.Developer, 1, "default"), (endpoint.Dialect, endpoint.Weight, endpoint.Group));
        Assert.Equal("models/m", endpoint.ModelName("models/m"));
    }

    [Fact]
    public void VertexEndpoint_KnowsItsRegionsAddressAndModelNames()
    {
        var endpoint = Assert.Single(Read(
            "0:Name=eu", "0:Kind=vertex", "0:Project=p-1", "0:Location=europe-west4", "0:Token=t", "0:Weight=3", "0:Group=default").Endpoints).ToEndpoint();
        Assert.Equal("wss://europe-west4-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent", endpoint.Target.Uri.AbsoluteUri);
        Assert.Equal(new("Authorization", "Bearer t"), endpoint.Target.Credential!());
        Assert.Equal(("eu", UpstreamDialect.Vertex, 3), (endpoint.Name, endpoint.Dialect, endpoint.Weight));
        Assert.Equal("projects/p-1/locations/europe-west4/publishers/google/models/m", endpoint.ModelName("models/m"));
    }

    [Fact]
    public void VertexEndpoint_WithAKey_IsExpressMode()
    {
        var endpoint = Assert.Single(Read("0:Kind=Vertex", "0:ApiKey=k", "0:ApiVersion=v1").Endpoints).ToEndpoint();
        Assert.Equal("wss://aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent", endpoint.Target.Uri.AbsoluteUri);
        Assert.Equal("aiplatform.googleapis.com", endpoint.Name);
        Assert.Equal("publishers/google/models/m", endpoint.ModelName("models/m"));
        Assert.Equal([new("x-goog-api-key", "k")], endpoint.Target.Headers);
    }

    [Fact]
    public void TokenFile_IsReadAtEachDial()
    {
        using var folder = new TempDirectory();
        var file = Path.Combine(folder.Path, "token");
        File.WriteAllText(file, "first\n");
        var endpoint = Assert.Single(Read(
            "0:Kind=vertex", "0:Project=p", "0:Location=l", "0:BaseUrl=http://127.0.0.1:1", $"0:TokenFile={file}").Endpoints).ToEndpoint();
        Assert.Equal("ws://127.0.0.1:1/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent", endpoint.Target.Uri.AbsoluteUri);
        Assert.Equal("Bearer first", endpoint.Target.Credential!().Value);
        File.WriteAllText(file, "second");
        Assert.Equal("Bearer second", endpoint.Target.Credential().Value);
    }

    [Fact]
    public void Description_HasNoSecretInIt() => Assert.Equal(
        "a at https://example.com (group eu)",
        new UpstreamEndpointOptions { Name = "a", BaseUrl = "https://u:secret@example.com/?key=secret", ApiKey = "secret", Group = "eu" }.Description);

    /// <summary>Keys under Endpoints, and what the refusal says about them.</summary>
    public static TheoryData<string, string> Wrong => new()
    {
        { "0:ApiKey=k", "Endpoints:0:BaseUrl must be an absolute http or https URL" },
        { "0:BaseUrl=ftp://a", "Endpoints:0:BaseUrl must be" },
        { "0:BaseUrl=http://a|0:ApiVersion=v1beta1", "Endpoints:0:ApiVersion must be v1beta or v1alpha" },
        { "0:BaseUrl=http://a|0:Kind=openai", "Endpoints:0:Kind" },
        { "0:BaseUrl=http://a|0:Kind=7", "Endpoints:0:Kind" },
        { "0:BaseUrl=http://a|0:Weight=heavy", "Endpoints:0:Weight" },
        { "0:BaseUrl=http://a|0:Wieght=2", "Endpoints:0:Wieght is not a key" },
        { "0:BaseUrl=http://a|0:Weight=-1", "Endpoints:0:Weight must be between 0 and 1000" },
        { "0:BaseUrl=http://a|0:Weight=1001", "Endpoints:0:Weight must be between 0 and 1000" },
        { "0:BaseUrl=http://a|0:Group= ", "Endpoints:0:Group must not be empty" },
        { "0:BaseUrl=http://a|0:ApiKey=a b", "Endpoints:0:ApiKey must be printable" },
        { "0:BaseUrl=http://a|0:Project=p", "Endpoints:0:Project is for Kind vertex only" },
        { "0:BaseUrl=http://a|0:Location=l", "Endpoints:0:Location is for Kind vertex only" },
        { "0:BaseUrl=http://a|0:Token=t", "Endpoints:0:Token is for Kind vertex only" },
        { "0:BaseUrl=http://a|0:TokenFile=/t", "Endpoints:0:TokenFile is for Kind vertex only" },
        { "0:Kind=vertex|0:Project=p|0:Location=l", "Endpoints:0:TokenFile or Token or ApiKey must be set" },
        { "0:Kind=vertex|0:Project=p|0:Location=l|0:Token=t|0:ApiKey=k", "only one of them" },
        { "0:Kind=vertex|0:Project=p|0:Location=l|0:Token=t\n", "Endpoints:0:Token must be printable" },
        { "0:Kind=vertex|0:Project=p|0:Location=l|0:TokenFile=/nowhere/token", "Endpoints:0:TokenFile names no file: /nowhere/token" },
        { "0:Kind=vertex|0:Location=l|0:Token=t", "Endpoints:0:Project must be set" },
        { "0:Kind=vertex|0:Project=p/q|0:Location=l|0:Token=t", "Endpoints:0:Project must be set for Kind vertex: letters" },
        { "0:Kind=vertex|0:Project=p|0:Token=t", "Endpoints:0:Location must be set" },
        { "0:Kind=vertex|0:ApiKey=k|0:Project=p", "Endpoints:0:Project must not be set beside an ApiKey" },
        { "0:Kind=vertex|0:ApiKey=k|0:ApiVersion=v1beta", "Endpoints:0:ApiVersion must be v1beta1 or v1" },
        { "0:BaseUrl=http://a|1:BaseUrl=http://a", "Endpoints:1:Name must be set to a name of its own, because another endpoint is called 'a'" },
        { "0:BaseUrl=http://a|1:BaseUrl=http://b|1:Name=a", "Endpoints:1:Name must be set" },
        { "0:BaseUrl=http://a|0:Weight=0", "no endpoint with a Weight above 0 in the Group 'default'" },
        { "0:BaseUrl=http://a|1:BaseUrl=http://b|1:Group=eu|1:Weight=0", "no endpoint with a Weight above 0 in the Group 'eu'" },
        { "0:BaseUrl=http://a|0:Group=eu", "no endpoint in the Group 'default', which conversations use" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void WrongValue_StopsTheStart_AndNamesTheKey(string keys, string message)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Read(keys.Split('|')));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.Contains("Orchestrator:Upstream:Endpoints", refused.Message, StringComparison.Ordinal);
        Assert.Single(refused.Failures);
    }

    [Fact]
    public void SeveralWrongValues_AreAllNamed() =>
        Assert.Equal(3, Assert.Throws<OptionsValidationException>(() => Read("0:Weight=-1", "0:BaseUrl=http://a", "1:Name=b", "1:ApiVersion=v9")).Failures.Count());

    [Theory]
    [InlineData("FailureRatio", "0")]
    [InlineData("FailureRatio", "1.5")]
    [InlineData("MinimumAttempts", "1")]
    [InlineData("Window", "00:00:00")]
    [InlineData("Break", "00:02:00")]
    [InlineData("Break", "00:00:00.5")]
    [InlineData("MaxBreak", "02:00:00")]
    [InlineData("SetupTimeout", "00:00:00")]
    [InlineData("SetupTimeout", "soon")]
    [InlineData("Patience", "1")]
    public void BreakerOptions_OutOfBounds_StopTheStart(string key, string value) => Assert.Contains(
        $"Orchestrator:Upstream:Breaker:{key}",
        Assert.Single(Assert.Throws<OptionsValidationException>(() => Bound($"Breaker:{key}={value}")).Failures),
        StringComparison.Ordinal);

    [Fact]
    public void BreakerOptions_AreRead()
    {
        var breaker = Bound("Breaker:FailureRatio=0.25", "Breaker:Break=00:00:02").Breaker;
        Assert.Equal((0.25, TimeSpan.FromSeconds(2), 5), (breaker.FailureRatio, breaker.Break, breaker.MinimumAttempts));
    }

    private static UpstreamOptions Bound(params string[] keys) => UpstreamOptions.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(keys.Select(k => k.Split('=', 2)).Select(k => KeyValuePair.Create($"{UpstreamOptions.Section}:{k[0]}", (string?)k[1])))
        .Build());

    private static UpstreamOptions Read(params string[] endpoints) => Bound([.. endpoints.Select(e => $"Endpoints:{e}")]);
}
