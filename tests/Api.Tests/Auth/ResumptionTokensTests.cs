using Orchestrator.Api.Auth;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Auth;

public sealed class ResumptionTokensTests : IDisposable
{
    private static readonly TenantId Acme = new("acme");
    private static readonly DateTimeOffset Now = TestApi.Noon;

    private readonly TempDirectory temp = new();
    private readonly ConversationId conversation = new(Guid.CreateVersion7());

    public void Dispose() => temp.Dispose();

    [Fact]
    public void Token_OpensForItsTenantUntilItExpires()
    {
        var tokens = ResumptionTokens.Open(temp.Path);
        var token = tokens.Issue(Acme, conversation, Now.AddHours(2));

        Assert.True(tokens.TryOpen(token, Acme, Now, out var opened));
        Assert.Equal(conversation, opened);
        Assert.True(tokens.TryOpen(token, Acme, Now.AddHours(2).AddMilliseconds(-1), out _));
        Assert.False(tokens.TryOpen(token, Acme, Now.AddHours(2), out var expired));
        Assert.Equal(default, expired);
        Assert.False(tokens.TryOpen(token, new TenantId("other"), Now, out _));
        Assert.False(tokens.TryOpen(token, new TenantId("acm"), Now, out _));
    }

    [Fact]
    public void Token_SaysNothing_AndIsNeverTheSameTwice()
    {
        var tokens = ResumptionTokens.Open(temp.Path);
        var one = tokens.Issue(Acme, conversation, Now);
        Assert.NotEqual(one, tokens.Issue(Acme, conversation, Now));
        Assert.DoesNotContain(conversation.ToString(), one, StringComparison.OrdinalIgnoreCase);
        Assert.Matches("^[A-Za-z0-9_-]{60,80}$", one);
    }

    [Fact]
    public void Token_ChangedAnywhere_CutOrExtended_DoesNotOpen()
    {
        var tokens = ResumptionTokens.Open(temp.Path);
        var token = tokens.Issue(Acme, conversation, Now.AddHours(2));
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for (var i = 0; i < token.Length; i++)
        {
            Assert.False(tokens.TryOpen(token[..i], Acme, Now, out _), $"cut at {i}");
            foreach (var c in Alphabet.Where(c => c != token[i]))
            {
                Assert.False(tokens.TryOpen(token[..i] + c + token[(i + 1)..], Acme, Now, out _), $"{c} at {i}");
            }
        }

        foreach (var other in new[] { null, "", " ", "=", token + "A", token + "=", token + "==", " " + token, token + "\n", new string('A', 100_000), "é", "{}" })
        {
            Assert.False(tokens.TryOpen(other, Acme, Now, out _), other);
        }
    }

    [Fact]
    public void Token_OutlivesARestart_AndAKeyRotation_ButNotItsKey()
    {
        var token = ResumptionTokens.Open(temp.Path).Issue(Acme, conversation, Now.AddHours(2));
        Assert.True(ResumptionTokens.Open(temp.Path).TryOpen(token, Acme, Now, out _));

        var file = Path.Combine(temp.Path, "keys", "resumption.keys");
        var first = File.ReadAllText(file);
        var second = $"2 {Convert.ToBase64String(new byte[32])}\n";
        File.WriteAllText(file, first + second);
        Assert.True(ResumptionTokens.Open(temp.Path).TryOpen(token, Acme, Now, out _));

        File.WriteAllText(file, second);
        Assert.False(ResumptionTokens.Open(temp.Path).TryOpen(token, Acme, Now, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1 AAAA\n")]
    [InlineData("x AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")]
    [InlineData("300 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")]
    [InlineData("1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")]
    public void BrokenKeyFile_IsNamed_AndNotOverwritten(string content)
    {
        Directory.CreateDirectory(Path.Combine(temp.Path, "keys"));
        var file = Path.Combine(temp.Path, "keys", "resumption.keys");
        File.WriteAllText(file, content);
        Assert.Contains(file, Assert.Throws<InvalidDataException>(() => ResumptionTokens.Open(temp.Path)).Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(file));
    }

    [Fact]
    public void DevelopmentKey_IsMadeOnce_AndIsPrivate()
    {
        var key = DevelopmentKey.LoadOrCreate(temp.Path);
        Assert.Matches("^dev_[A-Za-z0-9_-]{32}$", key);
        Assert.Equal(key, DevelopmentKey.LoadOrCreate(temp.Path));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(temp.Path, "development-key")));
        }

        File.WriteAllText(Path.Combine(temp.Path, "development-key"), "");
        Assert.Throws<InvalidDataException>(() => DevelopmentKey.LoadOrCreate(temp.Path));
    }
}
