using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Wire;

/// <summary>Every frame is read as it was written, and nothing else is read as a frame.</summary>
public sealed class WireFramesTests
{
    private const int Rounds = 300;

    [Fact]
    public void Frames_ComeBackAsTheyWere()
    {
        foreach (var (seed, kind, body, again) in Many())
        {
            var back = again(body);
            Assert.True(back is not null, $"seed {seed}: {kind} cannot be read");
            Assert.True(body.AsSpan().SequenceEqual(back), $"seed {seed}: {kind} came back changed");
        }
    }

    [Fact]
    public void Kinds_AreAllTried()
    {
        var tried = new RandomFrame(new Random(1)).All().Select(f => f.Kind).ToHashSet();
        // These share a shape with one that is tried.
        tried.UnionWith([WireKind.Pong, WireKind.Durable, WireKind.Refused, WireKind.Proof]);
        Assert.Equal(Enum.GetValues<WireKind>().Order(), tried.Order());
    }

    [Fact]
    public void CutFrames_AreRefused_OrAreShorterPayloads()
    {
        foreach (var (seed, kind, body, again) in Many())
        {
            for (var length = 0; length < Math.Min(body.Length, 120); length++)
            {
                var cut = body[..length];
                if (again(cut) is { } read)
                {
                    // Only what ends in a payload can be shorter and whole.
                    Assert.True(kind is WireKind.Input or WireKind.Output or WireKind.Attach, $"seed {seed}: {length} bytes of {kind} were read");
                    Assert.Equal(cut, read);
                }
            }
        }
    }

    [Fact]
    public void LongerFrames_AreRefused_UnlessTheyEndInAPayload()
    {
        foreach (var (seed, kind, body, again) in Many().Where(f => f.Kind is not (WireKind.Input or WireKind.Output or WireKind.Attach)))
        {
            Assert.True(again([.. body, 0]) is null, $"seed {seed}: {kind} with a byte too many was read");
        }
    }

    /// <summary>Whatever is read at all would be written the same way: there is no second spelling to hide in.</summary>
    [Fact]
    public void ChangedAndRandomBytes_NeverThrow_AndAreReadOnlyAsWhatTheySay()
    {
        foreach (var (seed, kind, body, again) in Many())
        {
            var random = new Random(seed);
            for (var i = 0; i < 20; i++)
            {
                var changed = body.ToArray();
                if (i % 2 == 0 && changed.Length > 0)
                {
                    changed[random.Next(Math.Min(changed.Length, 64))] ^= (byte)random.Next(1, 256);
                }
                else
                {
                    random.NextBytes(changed);
                }

                var read = again(changed);
                // A goodbye of an unknown code is a goodbye all the same.
                Assert.True(read is null || read.AsSpan().SequenceEqual(changed) || kind == WireKind.Goodbye, $"seed {seed}: {kind} read something else than was sent");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("../other")]
    [InlineData("a b")]
    public void Tenant_ThatIsNone_IsRefused(string tenant)
    {
        var body = WireProof.BodyOf(new EndWire(new TenantId(tenant), new ConversationId(new Guid(new byte[16])), "x"));
        Assert.False(EndWire.TryRead(body, out _));
    }

    [Fact]
    public void LongReason_IsCut_AndStaysReadable()
    {
        var body = WireProof.BodyOf(new EndingWire(WireKind.Close, 1011, new string('\u20ac', 5000)));
        Assert.True(EndingWire.TryRead(WireKind.Close, body, out var close));
        Assert.Equal(new string('\u20ac', WireCursor.MaxText / 3), close.Reason);
    }

    private static IEnumerable<(int Seed, WireKind Kind, byte[] Body, Func<byte[], byte[]?> Again)> Many() =>
        Enumerable.Range(1, Rounds).SelectMany(seed => new RandomFrame(new Random(seed)).All().Select(f => (seed, f.Kind, f.Body, f.Again)));
}
