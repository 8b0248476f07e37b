using System.Runtime.InteropServices;
using System.Text;
using Gemini.Live.Audio;

namespace Gemini.Live.Tests.Audio;

public sealed class PcmLevelTests
{
    [Fact]
    public void DecodedBytes_OfAnyLengthPaddedOrNotEscapedOrNot_IsExact()
    {
        var random = new Random(5);
        for (var size = 0; size < 400; size++)
        {
            var bytes = new byte[size];
            random.NextBytes(bytes);
            var text = Convert.ToBase64String(bytes);
            Assert.Equal(size, PcmLevel.DecodedBytes(Encoding.ASCII.GetBytes(text)));
            Assert.Equal(size, PcmLevel.DecodedBytes(Encoding.ASCII.GetBytes(text.TrimEnd('='))));
            Assert.Equal(size, PcmLevel.DecodedBytes(Encoding.ASCII.GetBytes(
                text.Replace("/", "\\/", StringComparison.Ordinal).Replace("+", "\\u002B", StringComparison.Ordinal).Replace("=", "\\u003D", StringComparison.Ordinal))));
        }
    }

    [Theory]
    [InlineData("audio/pcm;rate=16000", 640, 20, 16000)]
    [InlineData("audio/pcm;rate=24000", 960, 20, 24000)]
    [InlineData("audio/pcm", 640, 20, 16000)]
    [InlineData("audio\\/pcm; rate=8000", 320, 20, 8000)]
    [InlineData("AUDIO/PCM;rate=48000;channels=1", 1920, 20, 48000)]
    [InlineData("audio/pcm;rate=0", 640, 20, 16000)]
    [InlineData("audio/pcm;rate=99999999999", 640, 20, 16000)]
    [InlineData("audio/opus", 640, 0, 16000)]
    [InlineData("", 640, 0, 16000)]
    public void DurationMs_ComesFromTheLengthAndTheRate(string mimeType, int bytes, int ms, int rate)
    {
        var data = Encoding.ASCII.GetBytes(Convert.ToBase64String(new byte[bytes]));
        Assert.Equal(ms, PcmLevel.DurationMs(data, Encoding.ASCII.GetBytes(mimeType), PcmLevel.InputRate, out var sampleRate));
        Assert.Equal(rate, sampleRate);
    }

    [Fact]
    public void IsVoiced_AtRandomLevels_AgreesWithAPlainComputation()
    {
        var random = new Random(9);
        var voiced = 0;
        for (var i = 0; i < 3000; i++)
        {
            var samples = new short[random.Next(1, 4000)];
            var level = Math.Pow(10, -random.NextDouble() * 4.5);
            for (var at = random.Next(samples.Length); at < samples.Length; at++)
            {
                samples[at] = (short)((random.NextDouble() * 2 - 1) * level * 32767);
            }

            var loudest = samples.Chunk(160).Max(window => 10 * Math.Log10(Math.Max(1e-20, window.Average(s => (double)s * s) / (32768.0 * 32768.0))));
            if (Math.Abs(loudest + 50) < 0.01)
            {
                continue; // on the edge, rounding decides
            }

            var data = Encoding.ASCII.GetBytes(Convert.ToBase64String(MemoryMarshal.AsBytes(samples.AsSpan())));
            var actual = PcmLevel.IsVoiced(data, -50);
            Assert.True(actual == loudest > -50, $"round {i}: {loudest} dBFS of {samples.Length} samples");
            voiced += actual ? 1 : 0;
        }

        Assert.InRange(voiced, 500, 2900);
    }

    [Theory]
    [InlineData("not base64!", true)]
    [InlineData("AAA", true)] // no padding: cannot be judged
    [InlineData("", false)]
    [InlineData("AAAA", false)]
    [InlineData("AA==", false)] // half a sample
    public void IsVoiced_OfWhatCannotBeDecoded_IsTrue(string base64, bool voiced) =>
        Assert.Equal(voiced, PcmLevel.IsVoiced(Encoding.ASCII.GetBytes(base64), -60));

    [Fact]
    public void IsVoiced_AnOnsetInTheLastTenMilliseconds_IsNotAveragedAway()
    {
        var samples = new short[16_000];
        samples.AsSpan(15_840).Fill(600); // −34.7 dBFS there, −54.7 dBFS over the whole second
        var data = Encoding.ASCII.GetBytes(Convert.ToBase64String(MemoryMarshal.AsBytes(samples.AsSpan())));
        Assert.True(PcmLevel.IsVoiced(data, -40));
    }
}
