using Orchestrator.Silo.Hosting;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Hosting;

public sealed class TokenFileTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    private string File => Path.Combine(_folder.Path, "token");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_ThatIsRewritten_GivesTheNewToken()
    {
        var token = Write("ya29.first\n");
        Assert.Equal("ya29.first", token.Read());
        Write("  ya29.second");
        Assert.Equal("ya29.second", token.Read());
    }

    [Fact]
    public void File_BehindALinkThatIsExchanged_GivesTheNewToken()
    {
        System.IO.File.WriteAllText(File + ".1", "one");
        System.IO.File.WriteAllText(File + ".2", "two");
        System.IO.File.CreateSymbolicLink(File, File + ".1");
        var token = new TokenFile(File);
        Assert.Equal("one", token.Read());
        System.IO.File.Delete(File);
        System.IO.File.CreateSymbolicLink(File, File + ".2");
        Assert.Equal("two", token.Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("line\nbreak")]
    [InlineData("späť")]
    public void File_InTheMiddleOfBeingWritten_LeavesTheTokenBefore(string rubbish)
    {
        var token = Write("good");
        Assert.Equal("good", token.Read());
        Write(rubbish);
        Assert.Equal("good", token.Read());
        System.IO.File.Delete(File);
        Assert.Equal("good", token.Read());
    }

    [Fact]
    public void File_ThatNeverHadAToken_FailsTheDialAndNamesThePlaceOnly()
    {
        Assert.Equal($"There is no token in {File}.", Assert.Throws<IOException>(new TokenFile(File).Read).Message);
        Assert.Equal($"There is no token in {File}.", Assert.Throws<IOException>(Write("not a token").Read).Message);
        Assert.Throws<IOException>(Write(new string('x', 1_000_000)).Read);
    }

    private TokenFile Write(string text)
    {
        System.IO.File.WriteAllText(File, text);
        return new TokenFile(File);
    }
}
