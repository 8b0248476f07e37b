using System.Runtime.CompilerServices;

namespace Orchestrator.Grains.Conversations;

/// <summary>One thing that the user said, by input positions: an activity, a stretch of speech, or something typed.</summary>
/// <param name="Start">Its first frame.</param>
/// <param name="End">Its newest frame.</param>
/// <param name="Before">The newest position that said something before it.</param>
public readonly record struct UserSpan(long Start, long End, long Before)
{
    /// <summary>Audio of it.</summary>
    public long AudioMs { get; init; }
}

/// <summary>
/// The newest things that the user said. A reply that is interrupted did not answer the newest of them, whenever that was
/// sent: behind a replay, upstream may hear much later than we speak. Plain numbers, updated in place.
/// </summary>
public struct Utterances
{
    private const int Kept = 8;

    private Ring _ring;
    private int _count;
    private bool _open;
    private bool _noise;

    /// <summary>Something new is said.</summary>
    public void Begin(long seq, long before, bool goesOn)
    {
        _ring[_count % Kept] = new UserSpan(seq, seq, before);
        _count++;
        _open = goesOn;
        _noise = false;
    }

    /// <summary>It goes on; whoever was silent begins.</summary>
    public void Continue(long seq, long before, int audioMs = 0)
    {
        if (!_open)
        {
            Begin(seq, before, goesOn: true);
        }

        var at = (_count - 1) % Kept;
        _ring[at] = _ring[at] with { End = seq, AudioMs = _ring[at].AudioMs + audioMs };
    }

    /// <summary>
    /// Upstream has found an end in what still sounds like a voice here: it is noise, and says nothing about turns for as
    /// long as it lasts.
    /// </summary>
    public void Mistrust() => _noise = _open;

    /// <summary>What sounds like a voice is noise, and voices in it cannot be told.</summary>
    public readonly bool IsNoise => _noise;

    /// <summary>It is over.</summary>
    public void Close() => (_open, _noise) = (false, false);

    /// <summary>The newest that upstream has been sent any of; null without one, or in noise.</summary>
    public readonly UserSpan? NewestSent(long sentTo)
    {
        if (_noise)
        {
            return null;
        }

        for (var i = _count - 1; i >= 0 && i >= _count - Kept; i--)
        {
            if (_ring[i % Kept] is var span && span.Start <= sentTo)
            {
                return span;
            }
        }

        return null;
    }

    /// <summary>The first of those that go beyond a position; null without one.</summary>
    public readonly UserSpan? FirstAfter(long position)
    {
        for (var i = Math.Max(0, _count - Kept); i < _count; i++)
        {
            if (_ring[i % Kept] is var span && span.End > position)
            {
                return span;
            }
        }

        return null;
    }

    /// <summary>The second of those that go beyond a position; null without one.</summary>
    public readonly UserSpan? SecondAfter(long position)
    {
        var first = true;
        for (var i = Math.Max(0, _count - Kept); i < _count; i++)
        {
            var span = _ring[i % Kept];
            if (span.End <= position)
            {
                continue;
            }

            if (!first)
            {
                return span;
            }

            first = false;
        }

        return null;
    }

    /// <summary>Beyond a position, so much audio or more was heard: the newest position that is certainly behind the listener.</summary>
    public readonly long PassedAfter(long position, long audioMs)
    {
        var passed = position;
        for (var i = Math.Max(0, _count - Kept); i < _count && audioMs > 0; i++)
        {
            var span = _ring[i % Kept];
            if (span.End <= position)
            {
                continue;
            }

            if (_count > Kept && i == _count - Kept)
            {
                // There may have been others before it.
                return position;
            }

            passed = Math.Max(position, span.Before);
            audioMs -= span.AudioMs;
        }

        return passed;
    }

    /// <summary>True when not all of it has been sent, or more of it may come.</summary>
    public readonly bool IsUnfinished(UserSpan span, long sentTo) =>
        span.End > sentTo || (_open && _ring[(_count - 1) % Kept] == span);

    [InlineArray(Kept)]
    private struct Ring
    {
        private UserSpan _first;
    }
}
