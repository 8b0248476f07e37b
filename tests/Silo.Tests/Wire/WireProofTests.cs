using Orchestrator.Wire;

namespace Orchestrator.Silo.Tests.Wire;

public sealed class WireProofTests
{
    private static readonly byte[] Hello = WireProof.BodyOf(new HelloWire(WireProof.NewNonce(), 1, "edge"));
    private static readonly byte[] Welcome = WireProof.BodyOf(new WelcomeWire(WireProof.NewNonce(), 1, new SiloInstance("silo", 1), new byte[32]));

    [Fact]
    public void Proof_IsOfTheSecret_TheSide_AndEveryByteOfBothGreetings()
    {
        var proof = new WireProof("secret");
        var expected = proof.OfEdge(Hello, Welcome);
        Assert.True(WireProof.Matches(expected, new WireProof("secret").OfEdge(Hello, Welcome)));
        Assert.False(WireProof.Matches(expected, new WireProof("secreT").OfEdge(Hello, Welcome)));
        Assert.False(WireProof.Matches(expected, proof.OfSilo(Hello, Welcome)));
        for (var i = 0; i < Hello.Length; i++)
        {
            Assert.False(WireProof.Matches(expected, proof.OfEdge(Changed(Hello, i), Welcome)));
        }

        for (var i = 0; i < Welcome.Length - WireProof.Bytes; i++)
        {
            Assert.False(WireProof.Matches(expected, proof.OfEdge(Hello, Changed(Welcome, i))));
        }
    }

    [Fact]
    public void Proof_OfAnotherLength_IsNone() => Assert.False(WireProof.Matches(new WireProof("secret").OfEdge(Hello, Welcome), []));

    private static byte[] Changed(byte[] bytes, int at)
    {
        var changed = bytes.ToArray();
        changed[at] ^= 1;
        return changed;
    }
}
