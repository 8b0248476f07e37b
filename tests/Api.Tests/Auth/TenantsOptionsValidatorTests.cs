using Microsoft.Extensions.Configuration;
using Orchestrator.Api.Auth;

namespace Orchestrator.Api.Tests.Auth;

public sealed class TenantsOptionsValidatorTests
{
    [Fact]
    public void Tenants_ThatCanBeToldApart_AreAccepted() =>
        Assert.Empty(Failures(("Tenants:0:Id", "acme"), ("Tenants:0:ApiKeys:0", "k1"), ("Tenants:0:ApiKeys:1", "k2"), ("Tenants:1:Id", "other"), ("Tenants:1:ApiKeys:0", "k3")));

    [Fact]
    public void NoTenants_AreAccepted() => Assert.Empty(Failures());

    [Theory]
    [InlineData("../x")]
    [InlineData("a b")]
    [InlineData("")]
    [InlineData("ümlaut")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void BadId_IsNamed(string id) =>
        Assert.Contains("Orchestrator:Tenants:0:Id must have", Assert.Single(Failures(("Tenants:0:Id", id), ("Tenants:0:ApiKeys:0", "k1"))), StringComparison.Ordinal);

    [Fact]
    public void MissingId_AndMissingKeys_AreBothNamed() =>
        Assert.Equal(2, Failures(("Tenants:0:Nonsense", "x")).Count);

    [Fact]
    public void DuplicateId_IsNamed_WithItsFirstPlace() =>
        Assert.Contains("Orchestrator:Tenants:1:Id is the same as Orchestrator:Tenants:0:Id", Assert.Single(Failures(
            ("Tenants:0:Id", "acme"), ("Tenants:0:ApiKeys:0", "k1"), ("Tenants:1:Id", "ACME"), ("Tenants:1:ApiKeys:0", "k2"))), StringComparison.Ordinal);

    [Fact]
    public void DuplicateKey_IsNamed_WithoutTheKey()
    {
        var failure = Assert.Single(Failures(
            ("Tenants:0:Id", "acme"), ("Tenants:0:ApiKeys:0", "top-secret"), ("Tenants:1:Id", "other"), ("Tenants:1:ApiKeys:0", "top-secret")));
        Assert.Equal("Orchestrator:Tenants:1:ApiKeys:0 is the same key as Orchestrator:Tenants:0:ApiKeys:0.", failure);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("with space", "printable ASCII")]
    [InlineData("ключ", "printable ASCII")]
    [InlineData("line\nbreak", "printable ASCII")]
    public void UnusableKey_IsNamed(string key, string why)
    {
        var failure = Assert.Single(Failures(("Tenants:0:Id", "acme"), ("Tenants:0:ApiKeys:0", "good"), ("Tenants:0:ApiKeys:1", key)));
        Assert.StartsWith("Orchestrator:Tenants:0:ApiKeys:1 ", failure, StringComparison.Ordinal);
        Assert.Contains(why, failure, StringComparison.Ordinal);
    }

    [Fact]
    public void NoKeys_AreNamed() =>
        Assert.Contains("Orchestrator:Tenants:0:ApiKeys must", Assert.Single(Failures(("Tenants:0:Id", "acme"))), StringComparison.Ordinal);

    private static List<string> Failures(params (string Key, string Value)[] settings)
    {
        var options = new TenantsOptions();
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create("Orchestrator:" + s.Key, (string?)s.Value)))
            .Build().GetSection(TenantsOptions.Section).Bind(options);
        return [.. new TenantsOptionsValidator().Validate(null, options).Failures ?? []];
    }
}
