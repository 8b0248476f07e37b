using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orchestrator.Api.Cluster;
using Orchestrator.Attach;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>The link encrypted, with certificates from files.</summary>
public sealed class LinkTlsTests : IDisposable
{
    private readonly TempDirectory _files = new();

    [Fact]
    public async Task Encrypted_CarriesConversations_OfAnySize()
    {
        var (authority, certificate, key) = Issue("silo.test");
        await using var link = new LinkFixture(
            edge: o => (o.Tls.Authority, o.Tls.ServerName) = (authority, "silo.test"),
            silo: o => (o.Tls.Certificate, o.Tls.Key) = (certificate, key));
        var edge = new RecordingEdge();
        var (attachment, grain) = await link.AttachAsync(edge);
        var payload = RandomNumberGenerator.GetBytes(3_000_000);
        await Patience.For(attachment.PushAsync(new InputFrame(payload, InputTraits.Video, 0)).AsTask(), "credit");
        Assert.Equal(payload, (await grain.NextAsync()).Payload.ToArray());
        grain.Edge.Deliver(new OutputFrame(1, Encoding.UTF8.GetBytes("back"), OutputTraits.None, 0));
        Assert.Equal("output 1 None 0 ms: back", await edge.NextAsync());
    }

    [Theory]
    [InlineData("another.test", true, true)]
    [InlineData("silo.test", false, true)]
    [InlineData("silo.test", true, false)]
    public async Task OtherName_OtherAuthority_OrNoEncryption_ConnectsNobody(string name, bool sameAuthority, bool encrypt)
    {
        var (authority, certificate, key) = Issue("silo.test");
        var (stranger, _, _) = Issue("silo.test");
        await using var link = new LinkFixture(
            edge: o => (o.Tls.Authority, o.Tls.ServerName) = encrypt ? (sameAuthority ? authority : stranger, name) : (null, null),
            silo: o => (o.Tls.Certificate, o.Tls.Key) = (certificate, key));
        await Assert.ThrowsAsync<SiloUnavailableException>(
            () => Patience.For(link.Remote.AttachAsync(LinkFixture.Request(), new RecordingEdge(), CancellationToken.None), "the refusal"));
    }

    public void Dispose() => _files.Dispose();

    /// <summary>An authority, and a certificate of it for a name.</summary>
    private (string Authority, string Certificate, string Key) Issue(string name)
    {
        var prefix = Path.Combine(_files.Path, Guid.NewGuid().ToString("N"));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = authorityRequest.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddHours(12), [1, 2, 3]);
        File.WriteAllText(prefix + "-ca.pem", authority.ExportCertificatePem());
        File.WriteAllText(prefix + ".pem", certificate.ExportCertificatePem());
        File.WriteAllText(prefix + "-key.pem", key.ExportPkcs8PrivateKeyPem());
        return (prefix + "-ca.pem", prefix + ".pem", prefix + "-key.pem");
    }
}
