using System.Text;
using System.Text.Json;
using Gemini.Live.Scanning;

namespace Gemini.Live.Tests.Scanning;

public sealed class FrameScannerOracleTests
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 100 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ClientFrames_AtRandom_AreScannedAsADocumentSays(int seed)
    {
        var frames = new RandomFrames(seed);
        var accepted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var json = frames.Client();
            using var document = JsonDocument.Parse(json, Deep);
            var bytes = Encoding.UTF8.GetBytes(json);
            var expected = ScanOracle.OfClient(document.RootElement);
            var ok = FrameScanner.TryScanClient(bytes, out var frame, out var fault);
            var actual = !ok
                ? new ScanOracle.Client(false, default, default, null, "", "", "", "", false)
                : new ScanOracle.Client(
                    true, frame.Kind, frame.Realtime, Raw(bytes, frame.Body), FrameScanner.ReadText(bytes, frame.AudioData),
                    FrameScanner.ReadText(bytes, frame.AudioMimeType), FrameScanner.ReadText(bytes, frame.VideoData),
                    FrameScanner.ReadText(bytes, frame.Text), frame.TurnComplete);
            Assert.True(expected == actual, $"seed {seed} frame {i}: {json}\nexpected {expected}\nactual   {actual}");
            Assert.Equal(ok, fault == default);
            Assert.True(ok || (fault.CloseCode == 1007 && fault.Reason.Length > 0));
            accepted += ok ? 1 : 0;
        }

        Assert.InRange(accepted, 5_000, 19_000); // both outcomes are exercised
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ServerFrames_AtRandom_AreScannedAsADocumentSays(int seed)
    {
        var frames = new RandomFrames(seed);
        var seen = ServerParts.None;
        for (var i = 0; i < 20_000; i++)
        {
            var json = frames.Server();
            using var document = JsonDocument.Parse(json, Deep);
            var bytes = Encoding.UTF8.GetBytes(json);
            var expected = ScanOracle.OfServer(document.RootElement);
            Assert.True(FrameScanner.TryScanServer(bytes, out var frame, out _), json);
            var actual = new ScanOracle.Server(
                frame.Parts, frame.AudioBytes, FrameScanner.ReadText(bytes, frame.InputText), FrameScanner.ReadText(bytes, frame.OutputText),
                Member(bytes, frame.InputTranscriptionMember), Member(bytes, frame.OutputTranscriptionMember),
                FrameScanner.ReadText(bytes, frame.NewHandle), frame.Resumable, FrameScanner.ReadText(bytes, frame.TimeLeft),
                Raw(bytes, frame.Usage), Raw(bytes, frame.ToolCall), Raw(bytes, frame.ToolCallCancellation), Raw(bytes, frame.SetupComplete));
            Assert.True(expected == actual, $"seed {seed} frame {i}: {json}\nexpected {expected}\nactual   {actual}");
            seen |= frame.Parts;
        }

        Assert.Equal(Enum.GetValues<ServerParts>().Aggregate((a, b) => a | b), seen); // every flag was exercised
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void DamagedFrames_NeverThrow_AndAreRefusedWhereAParserRefusesThem(int seed)
    {
        var frames = new RandomFrames(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = frames.Damaged(Encoding.UTF8.GetBytes(i % 2 == 0 ? frames.Client() : frames.Server()));
            var isObject = IsObject(bytes);
            var client = FrameScanner.TryScanClient(bytes, out var frame, out _);
            var server = FrameScanner.TryScanServer(bytes, out var answer, out _);
            Assert.True(isObject == server, $"seed {seed} frame {i}: {Encoding.UTF8.GetString(bytes)}");
            Assert.True(isObject || !client);
            foreach (var slice in new[] { frame.Body, frame.Text, frame.AudioData, answer.InputText, answer.Usage, answer.NewHandle, answer.InputTranscriptionMember })
            {
                Assert.InRange(slice.Start + slice.Length, 0, bytes.Length);
                FrameScanner.ReadText(bytes, slice);
            }

            FrameEditor.SplitTurnEnd(bytes);
        }
    }

    [Fact]
    public void RandomBytes_NeverThrow()
    {
        var random = new Random(7);
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = new byte[random.Next(0, 60)];
            random.NextBytes(bytes);
            if (bytes.Length > 0 && i % 2 == 0)
            {
                bytes[0] = (byte)'{';
            }

            FrameScanner.TryScanClient(bytes, out _, out _);
            FrameScanner.TryScanServer(bytes, out _, out _);
        }
    }

    private static string? Raw(byte[] frame, FrameSlice slice) => slice.IsEmpty ? null : Encoding.UTF8.GetString(slice.Of(frame));

    /// <summary>A member's value, after checking that the slice is a whole member.</summary>
    private static string? Member(byte[] frame, FrameSlice slice)
    {
        if (slice.IsEmpty)
        {
            return null;
        }

        using var member = JsonDocument.Parse("{" + Encoding.UTF8.GetString(slice.Of(frame)) + "}");
        return member.RootElement.EnumerateObject().Single().Value.GetRawText();
    }

    private static bool IsObject(byte[] bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, Deep);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
