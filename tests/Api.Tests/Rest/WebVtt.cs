using System.Text.RegularExpressions;

namespace Orchestrator.Api.Tests.Rest;

/// <summary>A strict reader of WebVTT files, after §4 and §6 of https://www.w3.org/TR/webvtt1/: throws on what an author must not write.</summary>
internal static partial class WebVtt
{
    public sealed record Cue(string Id, TimeSpan Start, TimeSpan End, string? Class, string Voice, string Text);

    public static List<Cue> Read(string file)
    {
        if (file.Contains('\r', StringComparison.Ordinal) || file.Contains('\0', StringComparison.Ordinal))
        {
            throw new FormatException("CR or NUL");
        }

        var blocks = file.TrimEnd('\n').Split("\n\n");
        if (!Header().IsMatch(blocks[0]))
        {
            throw new FormatException($"header {blocks[0]}");
        }

        var cues = new List<Cue>();
        var ids = new HashSet<string>();
        foreach (var block in blocks[1..])
        {
            var lines = block.Split('\n');
            if (lines.Length != 3 || lines[0].Contains("-->", StringComparison.Ordinal) || !ids.Add(lines[0]))
            {
                throw new FormatException($"block {block}");
            }

            var times = Times().Match(lines[1]);
            var text = Payload().Match(lines[2]);
            if (!times.Success || !text.Success)
            {
                throw new FormatException($"cue {block}");
            }

            var cue = new Cue(lines[0], TimeSpan.Parse(times.Groups[1].Value), TimeSpan.Parse(times.Groups[2].Value),
                text.Groups[1].Success ? text.Groups[1].Value : null, text.Groups[2].Value,
                text.Groups[3].Value.Replace("&lt;", "<").Replace("&gt;", ">").Replace("&amp;", "&"));
            if (cue.End <= cue.Start || (cues.Count > 0 && cue.Start < cues[^1].Start))
            {
                throw new FormatException($"times of {block}");
            }

            cues.Add(cue);
        }

        return cues;
    }

    [GeneratedRegex("^WEBVTT( [^\n]*)?$")]
    private static partial Regex Header();

    [GeneratedRegex(@"^(\d{2,}:[0-5]\d:[0-5]\d\.\d{3}) --> (\d{2,}:[0-5]\d:[0-5]\d\.\d{3})$")]
    private static partial Regex Times();

    // Cue text may hold neither '<' nor a bare '&' outside tags and escapes.
    [GeneratedRegex(@"^<v(?:\.([a-z]+))? ([A-Za-z]+)>((?:[^<>&]|&lt;|&gt;|&amp;)*)</v>$")]
    private static partial Regex Payload();
}
