using System.Security.Cryptography.X509Certificates;
using Gemini.Live.Simulator.Speech;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Live;

public sealed class EncryptedClientTests
{
    [Fact]
    public async Task Conversation_OverTls_IsWhatItIsInTheClear()
    {
        using var files = new TempDirectory();
        using var certificate = SelfSigned.ForLoopback();
        var (path, key) = (Path.Combine(files.Path, "server.pem"), Path.Combine(files.Path, "server-key.pem"));
        await File.WriteAllTextAsync(path, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(key, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await using var fixture = await LiveFixture.StartAsync(
            "--urls", "https://127.0.0.1:0", $"--Kestrel:Certificates:Default:Path={path}", $"--Kestrel:Certificates:Default:KeyPath={key}");
        Assert.StartsWith("https://", fixture.Url, StringComparison.Ordinal);
        await using var client = await RawLiveClient.ConnectAsync(fixture.Url);
        await client.SetUpAsync();
        for (var turn = 0; turn < 3; turn++)
        {
            await client.SpeakAsync(TestSpeech.Words(turn * 3, 3));
            await client.TurnCompleteAsync();
        }

        Assert.Equal(await fixture.ModelAudioAsync(), client.Audio.ToArray());
        await client.CloseAsync();
        Assert.Equal(1000, (await client.EndAsync()).Code);
    }
}
