using System.Buffers.Binary;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Wire;

public sealed class WireReaderTests
{
    [Fact]
    public void Frames_InPiecesOfAnySize_ComeOutWholeAndInOrder()
    {
        for (var seed = 1; seed <= 60; seed++)
        {
            var random = new Random(seed);
            var frames = Enumerable.Range(1, 60)
                .Select(n => RandomFrame.Whole((uint)n, new CarrierWire(new RandomFrame(random).Bytes(random.Next(4) == 0 ? random.Next(200_000) : random.Next(900)))))
                .ToList();
            var all = frames.SelectMany(f => f).ToArray();
            using var reader = new WireReader { MaxBody = 200_000 };
            var read = new List<byte[]>();
            for (var at = 0; at < all.Length;)
            {
                var room = reader.Room();
                var piece = Math.Min(Math.Min(room.Length, all.Length - at), random.Next(1, random.Next(2) == 0 ? 50 : 100_000));
                all.AsSpan(at, piece).CopyTo(room.Span);
                reader.Filled(piece);
                at += piece;
                while (reader.TryNext(out var header, out var body))
                {
                    var whole = new byte[header.FrameSize];
                    header.Write(whole);
                    body.Span.CopyTo(whole.AsSpan(WireHeader.Size));
                    read.Add(whole);
                }
            }

            Assert.True(frames.SelectMany(f => f).SequenceEqual(read.SelectMany(f => f)), $"seed {seed}");
            Assert.Equal(frames.Count, read.Count);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(15)]
    [InlineData(30)]
    [InlineData(255)]
    public void UnknownKind_IsAFault(byte kind)
    {
        var reader = With(0, kind);
        Assert.False(reader.TryNext(out _, out _));
        Assert.Equal(WireFaultCode.UnknownKind, reader.Fault?.Code);
    }

    [Theory]
    [InlineData(1001u)]
    [InlineData(int.MaxValue)]
    [InlineData(uint.MaxValue)]
    public void Oversize_IsAFault_BeforeAnyOfItHasCome(uint length)
    {
        var reader = With(length, (byte)WireKind.Input);
        Assert.False(reader.TryNext(out _, out _));
        Assert.Equal(WireFaultCode.Oversize, reader.Fault?.Code);
    }

    [Fact]
    public void AfterAFault_NothingIsRead()
    {
        var reader = With(0, 99);
        Assert.False(reader.TryNext(out _, out _));
        RandomFrame.Whole(0, new PingWire(WireKind.Ping, 1)).CopyTo(reader.Room());
        reader.Filled(17);
        Assert.False(reader.TryNext(out _, out _));
    }

    /// <summary>A length is a promise: nobody gets memory for it.</summary>
    [Fact]
    public void AnnouncedBytes_TakeNoMemoryUntilTheyCome()
    {
        using var reader = new WireReader { MaxBody = 100_000_000 };
        new WireHeader(100_000_000, WireKind.Input, 1).Write(reader.Room().Span);
        reader.Filled(WireHeader.Size);
        Assert.False(reader.TryNext(out _, out _));
        Assert.True(reader.Room().Length < 1_000_000);
    }

    private static WireReader With(uint length, byte kind)
    {
        var reader = new WireReader { MaxBody = 1000 };
        var room = reader.Room().Span;
        BinaryPrimitives.WriteUInt32BigEndian(room, length);
        room[4] = kind;
        room[5..9].Clear();
        reader.Filled(WireHeader.Size);
        return reader;
    }

    private readonly record struct CarrierWire(byte[] Body) : IWireFrame
    {
        public WireKind Kind => WireKind.Attach;

        public int Size => Body.Length;

        public void Write(ref WireWriter to) => to.Bytes(Body);
    }
}
