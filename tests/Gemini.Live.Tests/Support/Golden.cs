using System.Runtime.CompilerServices;

namespace Gemini.Live.Tests.Support;

/// <summary>Files under Golden that say what is expected, byte by byte. UPDATE_GOLDEN=1 writes them anew for review.</summary>
internal static class Golden
{
    public static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden");

    public static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(Folder(), name)).AsSpan().TrimEnd("\r\n"u8).ToArray();

    public static void Expect(string name, ReadOnlySpan<byte> actual)
    {
        var path = Path.Combine(Folder(), name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") is "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, [.. actual, (byte)'\n']);
        }

        Assert.Equal(System.Text.Encoding.UTF8.GetString(Read(name)), System.Text.Encoding.UTF8.GetString(actual));
    }
}
