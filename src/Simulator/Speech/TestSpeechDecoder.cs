using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Gemini.Live.Simulator.Speech;

/// <summary>Reads <see cref="TestSpeech"/> out of a stream of PCM16 chunks of any size. Not thread-safe.</summary>
public sealed class TestSpeechDecoder
{
    private const short VoicedAmplitude = 400;

    private readonly List<string> _words = [];
    private readonly short[] _expected = new short[TestSpeech.WordSamples];
    private short[] _pending = new short[TestSpeech.WordSamples * 2];
    private int _count;
    private bool _strayVoiced;

    /// <summary>How many intact words were found so far.</summary>
    public int IntactWords { get; private set; }

    /// <summary>Adds little-endian PCM16; a trailing odd byte is ignored.</summary>
    public void Push(ReadOnlySpan<byte> pcm)
    {
        var samples = pcm.Length / 2;
        if (_count + samples > _pending.Length)
            Array.Resize(ref _pending, Math.Max(_pending.Length * 2, _count + samples));
        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.Cast<byte, short>(pcm).CopyTo(_pending.AsSpan(_count));
            _count += samples;
        }
        else
        {
            for (var i = 0; i < samples; i++)
                _pending[_count++] = BinaryPrimitives.ReadInt16LittleEndian(pcm[(i * 2)..]);
        }
        Scan(final: false);
    }

    /// <summary>The audio of this turn is over: what is pending is judged as it stands.</summary>
    public void Finish()
    {
        Scan(final: true);
        FlushStray();
    }

    /// <summary>Words found since the last call.</summary>
    public IReadOnlyList<string> Take()
    {
        if (_words.Count == 0)
            return [];
        string[] taken = [.. _words];
        _words.Clear();
        return taken;
    }

    private void Scan(bool final)
    {
        var at = 0;
        while (at < _count)
        {
            var rest = _pending.AsSpan(at, _count - at);
            if (rest[0] != TestSpeech.Marker[0])
            {
                var next = rest.IndexOf(TestSpeech.Marker[0]);
                next = next < 0 ? rest.Length : next;
                Stray(rest[..next]);
                at += next;
                continue;
            }
            var isMarker = rest.Length >= 10 && rest[..8].SequenceEqual(TestSpeech.Marker);
            if (isMarker && rest.Length >= TestSpeech.WordSamples)
            {
                var index = TestSpeech.IndexOf(rest);
                if (rest[8] >= 0 && rest[9] >= 0)
                    TestSpeech.WriteWord(index, _expected);
                if (rest[..TestSpeech.WordSamples].SequenceEqual(_expected))
                {
                    FlushStray();
                    _words.Add("w" + index.ToString(CultureInfo.InvariantCulture));
                    IntactWords++;
                    at += TestSpeech.WordSamples;
                    continue;
                }
            }
            else if (!final && (isMarker || (rest.Length < 10 && TestSpeech.Marker.StartsWith(rest[..Math.Min(8, rest.Length)]))))
            {
                break; // the word may still be on its way
            }
            Stray(rest[..1]);
            at++;
        }
        _pending.AsSpan(at, _count - at).CopyTo(_pending);
        _count -= at;
    }

    private void Stray(ReadOnlySpan<short> samples) => _strayVoiced |= samples.ContainsAnyExceptInRange((short)-VoicedAmplitude, VoicedAmplitude);

    /// <summary>Voiced samples outside of intact words are one question mark, however many there are.</summary>
    private void FlushStray()
    {
        if (_strayVoiced)
            _words.Add("?");
        _strayVoiced = false;
    }
}
