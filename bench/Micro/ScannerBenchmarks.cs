using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Gemini.Live.Audio;
using Gemini.Live.Scanning;

namespace Orchestrator.Bench.Micro;

/// <summary>
/// What one frame costs on the audio path, beside parsing the same frame into a document. The sound is noise, so
/// that its base64 is as varied as speech; the quiet frame is the worst case of the level meter, which stops at the
/// first loud window.
/// </summary>
[MemoryDiagnoser]
public class ScannerBenchmarks
{
    private readonly byte[] _client20 = ClientAudio(640, 3000);
    private readonly byte[] _quiet20 = ClientAudio(640, 10);
    private readonly byte[] _server20 = ServerAudio(960);
    private readonly byte[] _server40 = ServerAudio(1920);
    private readonly byte[] _transcript = "{\"serverContent\":{\"outputTranscription\":{\"text\":\" and then we looked\"}}}"u8.ToArray();
    private FrameSlice _loudData;
    private FrameSlice _quietData;

    [GlobalSetup]
    public void FindData()
    {
        FrameScanner.TryScanClient(_client20, out var loud, out _);
        FrameScanner.TryScanClient(_quiet20, out var quiet, out _);
        (_loudData, _quietData) = (loud.AudioData, quiet.AudioData);
    }

    [Benchmark]
    public int ClientAudio20Ms_Scan()
    {
        FrameScanner.TryScanClient(_client20, out var frame, out _);
        return frame.AudioData.Length;
    }

    [Benchmark]
    public int ClientAudio20Ms_Document()
    {
        using var document = JsonDocument.Parse(_client20);
        return document.RootElement.GetProperty("realtimeInput").GetProperty("audio").GetProperty("data").ValueKind == JsonValueKind.String ? 1 : 0;
    }

    [Benchmark]
    public int ServerAudio20Ms_Scan()
    {
        FrameScanner.TryScanServer(_server20, out var frame, out _);
        return frame.AudioBytes;
    }

    [Benchmark]
    public int ServerAudio20Ms_Document()
    {
        using var document = JsonDocument.Parse(_server20);
        return document.RootElement.GetProperty("serverContent").GetProperty("modelTurn").GetProperty("parts").GetArrayLength();
    }

    [Benchmark]
    public int ServerAudio40Ms_Scan()
    {
        FrameScanner.TryScanServer(_server40, out var frame, out _);
        return frame.AudioBytes;
    }

    [Benchmark]
    public int ServerAudio40Ms_Document()
    {
        using var document = JsonDocument.Parse(_server40);
        return document.RootElement.GetProperty("serverContent").GetProperty("modelTurn").GetProperty("parts").GetArrayLength();
    }

    [Benchmark]
    public int Transcript_Scan()
    {
        FrameScanner.TryScanServer(_transcript, out var frame, out _);
        return frame.OutputText.Length;
    }

    [Benchmark]
    public int Transcript_Document()
    {
        using var document = JsonDocument.Parse(_transcript);
        return document.RootElement.GetProperty("serverContent").GetProperty("outputTranscription").TryGetProperty("text", out _) ? 1 : 0;
    }

    [Benchmark]
    public bool IsVoiced_Speech() => PcmLevel.IsVoiced(_loudData.Of(_client20), -50);

    [Benchmark]
    public bool IsVoiced_Quiet() => PcmLevel.IsVoiced(_quietData.Of(_quiet20), -50);

    private static byte[] ClientAudio(int bytes, int amplitude) => Encoding.UTF8.GetBytes(
        $"{{\"realtimeInput\":{{\"audio\":{{\"data\":\"{Noise(bytes, amplitude)}\",\"mimeType\":\"audio/pcm;rate=16000\"}}}}}}");

    private static byte[] ServerAudio(int bytes) => Encoding.UTF8.GetBytes(
        $"{{\"serverContent\":{{\"modelTurn\":{{\"parts\":[{{\"inlineData\":{{\"mimeType\":\"audio/pcm;rate=24000\",\"data\":\"{Noise(bytes, 3000)}\"}}}}]}}}}}}");

    private static string Noise(int bytes, int amplitude)
    {
        var random = new Random(1);
        var pcm = new byte[bytes];
        for (var i = 0; i < bytes; i += 2)
        {
            BitConverter.TryWriteBytes(pcm.AsSpan(i), (short)random.Next(-amplitude, amplitude + 1));
        }

        return Convert.ToBase64String(pcm);
    }
}
