namespace Orchestrator.Attach;

/// <summary>
/// The edge's half of the input log (DESIGN §7), and its memory of what the client has heard of the turn in progress: with
/// it a conversation whose silo died goes on at another. Numbers the client's frames. Thread-safe: input and output come
/// on threads of their own.
/// </summary>
/// <param name="maxBytes">Bound of all kept input; over it the oldest audio goes first, then the oldest frame, and the grain
/// that takes over is told that it is missing.</param>
public sealed class EdgeLog(long maxBytes) : IDisposable
{
    /// <summary>Bound of the kept output frames. A turn's transcripts are far smaller; what does not fit is not told again.</summary>
    private const int MostWords = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly List<ReadOnlyMemory<byte>> _words = [];
    private FrameLog? _input;
    private int _wordBytes;
    private long _settled;
    private long _lastOutput;
    private long _lastTurnEnd;
    private int _spokenMs;

    /// <summary>Number of the newest input frame.</summary>
    public long Last
    {
        get
        {
            lock (_gate)
            {
                return _input?.Last ?? 0;
            }
        }
    }

    /// <summary>Bytes of all kept input.</summary>
    internal long KeptBytes
    {
        get
        {
            lock (_gate)
            {
                return _input?.Bytes ?? 0;
            }
        }
    }

    /// <summary>True once the edge has been served.</summary>
    public bool HasBegun => Volatile.Read(ref _input) is not null;

    /// <summary>Frames that had to be given up.</summary>
    public long Evicted { get; private set; }

    /// <summary>The first silo serves the client: input and output are numbered from here.</summary>
    public void Begin(IAttachment attachment)
    {
        lock (_gate)
        {
            if (_input is null)
            {
                Volatile.Write(ref _input, new FrameLog(attachment.NextInput - 1));
                _settled = attachment.NextInput - 1;
                _lastOutput = _lastTurnEnd = attachment.NextOutput - 1;
            }
        }
    }

    /// <summary>Keeps one frame of the client.</summary>
    /// <returns>Its input position.</returns>
    public long Keep(in InputFrame frame)
    {
        lock (_gate)
        {
            var input = _input ?? throw new InvalidOperationException("Nobody has served this edge yet.");
            var position = input.Append(frame.Payload.Span, (ushort)frame.Traits, frame.AudioMs);
            Evict(input);
            return position;
        }
    }

    /// <summary>The oldest frame after <paramref name="position"/> that is still here, copied; null when there is none.</summary>
    public InputFrame? NextAfter(long position)
    {
        lock (_gate)
        {
            if (_input is not { } input || input.NextAfter(Math.Max(position, input.First - 1)) is var next && next > input.Last)
            {
                return null;
            }

            var entry = input[next];
            return new InputFrame(entry.ToArray(), (InputTraits)entry.Traits, entry.AudioMs) { Seq = next };
        }
    }

    /// <summary>See <see cref="IEdge.Durable"/>.</summary>
    public void Settled(long position)
    {
        lock (_gate)
        {
            _settled = Math.Max(_settled, position);
            _input?.TrimTo(position);
        }
    }

    /// <summary>A frame goes to the client.</summary>
    public void Delivered(in OutputFrame frame)
    {
        lock (_gate)
        {
            _lastOutput = Math.Max(_lastOutput, frame.Seq);
            if ((frame.Traits & OutputTraits.TurnComplete) != 0)
            {
                _lastTurnEnd = frame.Seq;
                _spokenMs = _wordBytes = 0;
                _words.Clear();
                return;
            }

            _spokenMs += frame.AudioMs;
            if (frame.Traits != OutputTraits.Audio && _wordBytes + frame.Payload.Length <= MostWords)
            {
                _wordBytes += frame.Payload.Length;
                _words.Add(frame.Payload.ToArray());
            }
        }
    }

    /// <summary>What the next silo is told; null as long as nobody has served the client.</summary>
    /// <param name="away">Time since the last one was lost.</param>
    public EdgeMemory? Remember(TimeSpan away)
    {
        lock (_gate)
        {
            return _input is null ? null : new EdgeMemory
            {
                SettledInput = _settled,
                LastOutput = _lastOutput,
                LastTurnEnd = _lastTurnEnd,
                SpokenMs = _spokenMs,
                Frames = [.. _words],
                AwayMs = (long)away.TotalMilliseconds,
            };
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _input?.Dispose();
            _words.Clear();
            _wordBytes = 0;
        }
    }

    private void Evict(FrameLog input)
    {
        while (input.Bytes > maxBytes && input.NextAfter(input.First - 1) is var oldest && oldest < input.Last)
        {
            var victim = oldest;
            while (victim < input.Last && ((InputTraits)input[victim].Traits & InputTraits.Audio) == 0)
            {
                victim = input.NextAfter(victim);
            }

            input.Drop(victim < input.Last ? victim : oldest);
            Evicted++;
        }
    }
}
