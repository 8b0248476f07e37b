using Gemini.Live.Simulator.Speech;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

public sealed class TestSpeechTests
{
    [Fact]
    public void Decoder_IntactWordsWithPauses_NamesEachOnce()
    {
        byte[] pcm = [.. TestSpeech.Silence(TimeSpan.FromMilliseconds(137)), .. TestSpeech.Words(1, 3), .. TestSpeech.Silence(TimeSpan.FromMilliseconds(400)), .. TestSpeech.Words(1_000_000, 2)];

        Assert.Equal(["w1", "w2", "w3", "w1000000", "w1000001"], TestSpeech.Decode(pcm));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(640)]
    [InlineData(32_000)]
    public void Decoder_AnyChunkSize_GivesTheSame(int chunk)
    {
        var pcm = TestSpeech.Words(5, 4);
        var decoder = new TestSpeechDecoder();
        var words = new List<string>();
        for (var at = 0; at + 1 < pcm.Length; at += chunk * 2)
        {
            decoder.Push(pcm.AsSpan(at, Math.Min(chunk * 2, pcm.Length - at)));
            words.AddRange(decoder.Take());
        }
        decoder.Finish();
        words.AddRange(decoder.Take());

        Assert.Equal(["w5", "w6", "w7", "w8"], words);
    }

    [Fact]
    public void Decoder_EveryKindOfDamage_IsVisible()
    {
        var pcm = TestSpeech.Words(1, 3);
        const int word = TestSpeech.WordSamples * 2;
        byte[] lost = [.. pcm[..(word + 640)], .. pcm[(word + 1280)..]];
        byte[] twice = [.. pcm[..(2 * word)], .. pcm[word..]];
        byte[] swapped = [.. pcm[..word], .. pcm[(2 * word)..], .. pcm[word..(2 * word)]];
        var altered = (byte[])pcm.Clone();
        altered[word + 5000] ^= 1;
        byte[] headless = pcm[640..];

        Assert.Equal(["w1", "?", "w3"], TestSpeech.Decode(lost));
        Assert.Equal(["w1", "w2", "w2", "w3"], TestSpeech.Decode(twice));
        Assert.Equal(["w1", "w3", "w2"], TestSpeech.Decode(swapped));
        Assert.Equal(["w1", "?", "w3"], TestSpeech.Decode(altered));
        Assert.Equal(["?", "w2", "w3"], TestSpeech.Decode(headless));
    }

    [Fact]
    public void Word_AnyIndex_IsVoicedAndUnique()
    {
        const int seed = 20261120;
        var random = new Random(seed);
        for (var i = 0; i < 200; i++)
        {
            var index = random.Next(TestSpeech.MaxIndex + 1);
            var word = TestSpeech.Word(index);
            Assert.True(word.Average(sample => (double)sample * sample) > 1_500 * 1_500, $"quiet word {index}, seed {seed}");
            Assert.False(word.AsSpan().SequenceEqual(TestSpeech.Word(index ^ 1)), $"word {index} is not unique, seed {seed}");
        }
    }
}
