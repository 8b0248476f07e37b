namespace Orchestrator.Silo.Hosting;

internal static class LogText
{
    /// <summary>A client's words in a log line: short, and on one line.</summary>
    public static string Printable(string text) =>
        string.Concat(text.Take(100).Select(c => char.IsControl(c) ? '?' : c));
}
