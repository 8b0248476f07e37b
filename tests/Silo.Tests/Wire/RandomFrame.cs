using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Wire;

/// <summary>Frames of every kind with random contents, written and read again.</summary>
internal sealed class RandomFrame(Random random)
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_";

    /// <summary>Every kind of frame once: what it writes, and a reader that gives back an equal frame's bytes, or null.</summary>
    public IEnumerable<(WireKind Kind, byte[] Body, Func<byte[], byte[]?> Again)> All()
    {
        yield return Of(new HelloWire(Bytes(32), random.Next(1, int.MaxValue), Text()), b => HelloWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new WelcomeWire(Bytes(32), random.Next(1, int.MaxValue), new SiloInstance(Text(), random.NextInt64(long.MinValue, long.MaxValue)), Bytes(32)), b => WelcomeWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new PingWire(WireKind.Ping, Number()), b => PingWire.TryRead(b, out var n) ? WireProof.BodyOf(new PingWire(WireKind.Ping, n)) : null);
        yield return Of(new GoodbyeWire(new WireFault((WireFaultCode)random.Next(0, 12), Text())), b => GoodbyeWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new AttachedWire(random.Next(), Number(), Number(), Number(), random.Next(2) == 0, random.Next()), b => AttachedWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new PositionWire(WireKind.Acknowledge, Number()), b => PositionWire.TryRead(b, out var n) ? WireProof.BodyOf(new PositionWire(WireKind.Acknowledge, n)) : null);
        yield return Of(new CreditWire(random.Next(1, int.MaxValue)), b => CreditWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new EndingWire(WireKind.Detach, random.Next(2) == 0 ? null : random.Next(1, 65_536), Text()), b => EndingWire.TryRead(WireKind.Detach, b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new EndingWire(WireKind.Close, random.Next(1, 65_536), Text()), b => EndingWire.TryRead(WireKind.Close, b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(Attach(), b => AttachWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new EndWire(Tenant(), Conversation(), Text()), b => EndWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new EndedWire((EndResult)random.Next(3)), b => EndedWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(
            new ReleaseWire(new ReleaseRequest(Tenant(), Conversation(), Number(), random.Next(2) == 0)),
            b => ReleaseWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(new ReleasedWire(random.Next(2) == 0), b => ReleasedWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(Input(), b => InputWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
        yield return Of(
            new OutputWire(Number(), new OutputFrame(Number(), Bytes(random.Next(2000)), (OutputTraits)random.Next(8), random.Next())),
            b => OutputWire.TryRead(b, out var f) ? WireProof.BodyOf(f) : null);
    }

    public InputWire Input() => new(new InputFrame(Bytes(random.Next(2000)), (InputTraits)random.Next(2048), random.Next()) { Seq = Number() });

    public AttachWire Attach()
    {
        var named = random.Next(2) == 0;
        return new AttachWire(new AttachRequest(Tenant(), Conversation(), random.Next(2) == 0, Bytes(random.Next(3000)))
        {
            Client = named ? new Guid(Bytes(16)) : null,
            Attempt = named ? random.Next() : 0,
            Memory = random.Next(2) == 0 ? null : new EdgeMemory
            {
                SettledInput = Number(),
                LastOutput = Number(),
                LastTurnEnd = Number(),
                AwayMs = Number(),
                Epoch = Number(),
                SpokenMs = random.Next(),
                Frames = [.. Enumerable.Range(0, random.Next(4)).Select(_ => (ReadOnlyMemory<byte>)Bytes(random.Next(500)))],
            },
        });
    }

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>The frame as it goes over the wire.</summary>
    public static byte[] Whole<TFrame>(uint stream, in TFrame frame)
        where TFrame : struct, IWireFrame
    {
        var bytes = new byte[WireHeader.Size + frame.Size];
        new WireHeader(frame.Size, frame.Kind, stream).Write(bytes);
        WireProof.BodyOf(frame).CopyTo(bytes, WireHeader.Size);
        return bytes;
    }

    private static (WireKind Kind, byte[] Body, Func<byte[], byte[]?> Again) Of<TFrame>(TFrame frame, Func<byte[], byte[]?> again)
        where TFrame : struct, IWireFrame
    {
        var room = new byte[frame.Size];
        var writer = new WireWriter(room);
        frame.Write(ref writer);
        Assert.Equal(0, writer.Left);
        return (frame.Kind, room, again);
    }

    private long Number() => random.NextInt64(0, long.MaxValue);

    private string Text() => string.Concat(Enumerable.Range(0, random.Next(0, 400)).Select(_ => (char)random.Next(1, 0xD800)));

    private TenantId Tenant() => new(string.Concat(Enumerable.Range(0, random.Next(1, 65)).Select(_ => Alphabet[random.Next(Alphabet.Length)])));

    private ConversationId Conversation() => new(new Guid(Bytes(16)));
}
