using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

public sealed class MessageReaderTests
{
    [Theory]
    [InlineData(11, false)]
    [InlineData(12, false)]
    [InlineData(13, true)]
    public void AnyChunking_GivesTheSameMessages(int seed, bool fromServer)
    {
        var random = new Random(seed);
        var wire = new MemoryStream();
        var expected = new List<byte[]>();
        for (var i = 0; i < 400; i++)
        {
            var payload = new byte[random.Next(0, random.Next(10) == 0 ? 40_000 : 400)];
            random.NextBytes(payload);
            expected.Add(payload);
            var rest = payload.AsMemory();
            var opcode = 2;
            while (random.Next(3) == 0)
            {
                var piece = random.Next(0, rest.Length + 1);
                wire.Write(RawFrames.Frame(opcode, rest.Span[..piece], final: false, masked: !fromServer, key: (uint)random.Next()));
                wire.Write(RawFrames.Frame(10, payload.AsSpan(0, Math.Min(payload.Length, 9)), masked: !fromServer));
                (rest, opcode) = (rest[piece..], 0);
            }

            wire.Write(RawFrames.Frame(opcode, rest.Span, masked: !fromServer, key: (uint)random.Next()));
        }

        var bytes = wire.ToArray().AsSpan();
        using var reader = new MessageReader(1 << 20, fromServer);
        var seen = 0;
        while (!bytes.IsEmpty)
        {
            var room = reader.Room();
            Assert.True(room.Length > 0);
            var piece = Math.Min(Math.Min(room.Length, bytes.Length), random.Next(1, 5000));
            bytes[..piece].CopyTo(room.Span);
            reader.Filled(piece);
            bytes = bytes[piece..];
            for (var step = reader.Next(); step != ReadStep.NeedMore; step = reader.Next())
            {
                Assert.True(step is ReadStep.Message or ReadStep.Pong, $"seed {seed}: {step} {reader.Fault}");
                if (step == ReadStep.Message)
                {
                    Assert.True(expected[seen++].AsSpan().SequenceEqual(reader.Payload.Span), $"seed {seed}, message {seen}");
                }
            }
        }

        Assert.Equal(expected.Count, seen);
    }

    [Fact]
    public void AnnouncedLength_DoesNotReserveMemoryBeforeTheBytesCome()
    {
        using var reader = new MessageReader(4 << 20);
        var header = RawFrames.Frame(2, new byte[3 << 20]).AsSpan(0, 20);
        header.CopyTo(reader.Room().Span);
        reader.Filled(20);
        Assert.Equal(ReadStep.NeedMore, reader.Next());
        Assert.True(reader.Room().Length < 64 * 1024);
    }
}
