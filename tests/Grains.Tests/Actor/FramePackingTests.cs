using System.Text;
using Orchestrator.Attach;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class FramePackingTests
{
    private static readonly string[] Frames =
    [
        """{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"*"}}}""",
        """{"realtimeInput":{"audio":{"data":"*","mimeType":"audio/pcm;rate=16000"}}}""",
        "{\n  \"serverContent\": {\n    \"modelTurn\": {\n      \"parts\": [{\"inlineData\": {\"data\": \"*\"}}]\n    }\n  }\n}\n",
        """{"data":"*"}""",
        "\"data\"\"*\"",
    ];

    /// <summary>Whatever a frame is, it comes out as it went in; what an encoder wrote is kept in less.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Frame_OfAnyBytes_ComesOutAsItWentIn(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(random.Next(5) == 0 ? 9_000 : 700)];
            random.NextBytes(bytes);
            var frame = Encoding.ASCII.GetBytes(random.GetItems(Frames, 1)[0].Replace("*", Convert.ToBase64String(bytes), StringComparison.Ordinal));
            var untouched = random.Next(3) == 0;
            for (var change = untouched ? 0 : random.Next(1, 4); change > 0; change--)
            {
                frame[random.Next(frame.Length)] = random.Next(3) == 0 ? "\" \\=\n-_/+"u8[random.Next(9)] : (byte)random.Next(256);
            }

            var packing = FramePacking.Of(frame);
            var kept = new byte[packing.SizeOf(frame.Length)];
            packing.Pack(frame, kept);
            var again = new byte[frame.Length];
            packing.Unpack(kept, again);
            Assert.Equal(frame, again);
            if (untouched && bytes.Length >= 64)
            {
                Assert.Equal(frame.Length - Convert.ToBase64String(bytes).Length + bytes.Length, kept.Length);
            }
        }
    }

    /// <summary>Decoders take these, and no encoder writes them.</summary>
    [Theory]
    [InlineData("QUJD\nQUJD", "===")]
    [InlineData("QUJDQUJD", "QUI9QR==")]
    [InlineData("QUJDQUJD", "QUJDQUJ=")]
    [InlineData("QUJDQUJD", "QUJ\\/")]
    [InlineData("QUJDQUJD", "QU-_")]
    public void Base64_ThatAnEncoderWouldWriteOtherwise_IsKeptAsItIs(string start, string end)
    {
        var frame = Encoding.ASCII.GetBytes("{\"data\":\"" + start + new string('A', 80) + end + "\"}");
        Assert.False(FramePacking.Of(frame).IsPacked);
        using var log = new FrameLog(after: 0);
        log.Append(frame, 0, 20);
        Assert.Equal(frame, log[1].ToArray());
    }

    /// <summary>DESIGN §12: at most 40 KB for a second of the microphone, blocks and all.</summary>
    [Fact]
    public void Log_OfTenSecondsOfSpeech_TakesFourHundredKilobytes()
    {
        var pool = new CountingPool();
        using var log = new FrameLog(after: 0, pool);
        var pcm = new byte[640];
        for (var n = 0; n < 500; n++)
        {
            Random.Shared.NextBytes(pcm);
            log.Append(Encoding.ASCII.GetBytes(Frames[0].Replace("*", Convert.ToBase64String(pcm), StringComparison.Ordinal)), 0, 20);
        }

        Assert.InRange((pool.Out * FrameBlocks.BlockBytes) + (log.Room * 32), 300_000, 400 * 1024);
    }
}
