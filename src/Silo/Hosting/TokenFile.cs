namespace Orchestrator.Silo.Hosting;

/// <summary>
/// A bearer token in a file that somebody else renews. It is read at every dial: dials are rare, and a mounted secret is
/// exchanged by a link whose own date never changes.
/// </summary>
internal sealed class TokenFile(string path)
{
    private const int MaxLength = 16 * 1024;

    private volatile string? _last;

    /// <summary>The token of the moment. While the file is being rewritten, the one before.</summary>
    /// <exception cref="IOException">There never was one.</exception>
    public string Read()
    {
        try
        {
            using var file = new StreamReader(path);
            var buffer = new char[MaxLength];
            var text = new string(buffer, 0, file.ReadBlock(buffer)).Trim();
            _last = IsToken(text) ? text : _last;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The last one may still be good; upstream will say.
        }

        return _last ?? throw new IOException($"There is no token in {path}.");
    }

    /// <summary>Something that may stand in a header.</summary>
    public static bool IsToken(string? text) => !string.IsNullOrEmpty(text) && text.Length < MaxLength && text.All(c => c is > ' ' and < '\x7f');
}
