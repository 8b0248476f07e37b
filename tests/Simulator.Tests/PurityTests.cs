using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>The core is sans I/O: no clock, no tasks, no sockets, no web host.</summary>
public sealed class PurityTests
{
    private static readonly Regex Impure = new(
        @"\b(TimeProvider|Task|ValueTask|async|await|HttpContext|WebApplication|ITimer|Socket|Thread|CancellationToken)\b|\bSystem\.(Net|IO\.Pipelines)\b|\bHosting\b",
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture);

    [Theory]
    [InlineData("Sessions")]
    [InlineData("Model")]
    [InlineData("Protocol")]
    [InlineData("Faults")]
    [InlineData("Speech")]
    [InlineData("Voice")]
    public void Core_Folder_KnowsNoIo(string folder)
    {
        var files = Directory.GetFiles(Path.Combine(SourceRoot(), folder), "*.cs");
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var code = string.Join('\n', File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)));
            var found = Impure.Match(code);
            Assert.False(found.Success, $"{Path.GetFileName(file)} mentions {found.Value}");
        }
    }

    private static string SourceRoot([CallerFilePath] string file = "") =>
        Path.Combine(Path.GetDirectoryName(file)!, "..", "..", "src", "Simulator");
}
