using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Gemini.Live.Closes;
using Gemini.Live.Links;

namespace Gemini.Live.Tests.Closes;

/// <summary>The table in docs/recovery.md is the table in the code. UPDATE_GOLDEN=1 writes it anew for review.</summary>
public sealed class RecoveryDocTests
{
    private const string Begin = "<!-- closes: written by RecoveryDocTests -->\n";
    private const string End = "<!-- /closes -->";

    [Fact]
    public void Recovery_TableOfCloses_IsTheTaxonomy()
    {
        var path = Path();
        var text = File.ReadAllText(path);
        var from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var to = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(from >= Begin.Length && to >= from, $"The marks of the table are missing in {path}.");
        var table = Table();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") is "1")
        {
            text = text[..from] + table + text[to..];
            File.WriteAllText(path, text);
            to = text.IndexOf(End, StringComparison.Ordinal);
        }

        Assert.Equal(table, text[from..to]);
    }

    private static string Table()
    {
        var text = new StringBuilder("""
            | # | how it ended | reason | when | and | cause | blame | rungs, in order | wait | known | source |
            |---|---|---|---|---|---|---|---|---|---|---|

            """);
        var number = 0;
        foreach (var row in CloseTaxonomy.Rows)
        {
            var verdict = row.Verdict;
            string[] cells =
            [
                $"{++number}",
                Ended(row),
                Reason(row.Reason),
                row.Phases == ClosePhase.Any ? "" : Words(row.Phases),
                row.Facts == CloseFacts.None ? "" : Words(row.Facts),
                $"**{Words(verdict.Cause)}**",
                Words(verdict.Blame),
                verdict.PassOn ? "none: upstream's words to the client" : string.Join(" → ", verdict.Rungs.Select(r => Words(r))),
                verdict.BackOff == BackOff.None ? "" : Words(verdict.BackOff),
                verdict.IsKnown ? "" : "no",
                row.Source,
            ];
            Assert.All(cells, cell => Assert.DoesNotContain('|', cell));
            text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        }

        return text.ToString();
    }

    private static string Ended(CloseRow row) => row switch
    {
        { Kind: null } => "anything else",
        { Kind: LinkLossKind.CloseFrame, Code: null } => "any code",
        { Kind: LinkLossKind.CloseFrame, Code: CloseRow.NoCode } => "close without a code",
        { Code: { } code } => $"{code}",
        { HttpStatus: { } status } => $"dial: HTTP {status}",
        { Kind: LinkLossKind.DialRefused } => "dial: other HTTP",
        _ => Words(row.Kind),
    };

    private static string Reason(ReasonPattern pattern) => pattern.Match switch
    {
        ReasonMatch.Exact => $"`{pattern.Text}`",
        ReasonMatch.Prefix => $"`{pattern.Text}`…",
        ReasonMatch.Contains => $"…`{pattern.Text}`…",
        _ => "",
    };

    private static string Words<T>(T value) =>
        Regex.Replace($"{value}", "(?<=[a-z])(?=[A-Z])", " ", RegexOptions.None, TimeSpan.FromSeconds(1)).ToLowerInvariant();

    private static string Path([CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "recovery.md"));
}
