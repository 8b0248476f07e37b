using Orchestrator.Testing;

namespace Orchestrator.EndToEnd.Speech;

/// <summary>
/// Human speech from Debian's alsa-utils (a voice that names loudspeakers, 48 kHz mono, about 1.4 s each) and
/// synthesised speech of any length, made with sox and espeak-ng when a test needs them.
/// </summary>
public static class Recordings
{
    private const string Alsa = "/usr/share/sounds/alsa";

    private static readonly string[] Names =
        ["Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right"];

    /// <summary>The recordings as they are: one utterance each.</summary>
    public static IReadOnlyList<string> Utterances { get; } = [.. Names.Select(n => $"{Alsa}/{n}.wav")];

    /// <summary>The utterances in the formats that people's recordings come in.</summary>
    public static async Task<IReadOnlyList<string>> InManyFormatsAsync(TempDirectory folder)
    {
        (string Rate, string Channels)[] formats = [("48000", "1"), ("16000", "1"), ("44100", "2"), ("22050", "1"), ("8000", "1"), ("48000", "2")];
        List<string> files = [];
        foreach (var (i, utterance) in Utterances.Index())
        {
            var (rate, channels) = formats[i % formats.Length];
            var file = folder.File($"{i}-{rate}-{channels}.wav");
            await SoxAsync(utterance, "-b", "16", "-r", rate, "-c", channels, file);
            files.Add(file);
        }
        return files;
    }

    /// <summary>All utterances in one recording of about 12 s, with breath pauses too short to end a turn.</summary>
    public static async Task<string> JoinedAsync(TempDirectory folder)
    {
        var pause = folder.File("pause.wav");
        await SoxAsync("-n", "-r", "48000", "-c", "1", "-b", "16", pause, "trim", "0", "0.15");
        var joined = folder.File("joined.wav");
        await SoxAsync([.. Utterances.SelectMany(u => new[] { u, pause }), joined]);
        return joined;
    }

    /// <summary>Synthesised speech, about half a minute, 22.05 kHz.</summary>
    public static async Task<string> LongAsync(TempDirectory folder)
    {
        var text = folder.File("long.txt");
        await File.WriteAllTextAsync(text, string.Join(' ', Enumerable.Range(1, 12).Select(
            i => $"In year {i} of my work I looked after {i * 3} servers, and I learned that nothing is lost while somebody writes it down.")));
        var wav = folder.File("long.wav");
        await RunAsync("espeak-ng", "-w", wav, "-s", "190", "-f", text);
        return wav;
    }

    /// <summary>One utterance as the 16 kHz PCM that the protocol takes.</summary>
    public static async Task<byte[]> PcmAsync(TempDirectory folder, int utterance = 0)
    {
        var raw = folder.File($"utterance-{utterance}.raw");
        await SoxAsync(Utterances[utterance], "-t", "raw", "-r", "16000", "-c", "1", "-b", "16", "-e", "signed", raw);
        return await File.ReadAllBytesAsync(raw);
    }

    private static Task SoxAsync(params string[] arguments) => RunAsync("sox", ["-V1", "-D", .. arguments]);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        await using var child = ChildProcess.Start(program, program, arguments);
        var code = await child.ExitAsync();
        if (code != 0)
        {
            throw new InvalidOperationException($"{program} ended with {code}: {child.Output}");
        }
    }
}
