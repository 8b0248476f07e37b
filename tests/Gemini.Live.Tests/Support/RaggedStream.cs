using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.Support;

/// <summary>Passes reads and writes on in randomly small pieces, so that every boundary falls everywhere.</summary>
internal sealed class RaggedStream(Stream inner, Random random, int most) : DuplexStream
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer[..Math.Min(buffer.Length, Next())], cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var piece = Math.Min(buffer.Length, Next());
            await inner.WriteAsync(buffer[..piece], cancellationToken);
            buffer = buffer[piece..];
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Next()
    {
        lock (random)
        {
            return random.Next(1, most + 1);
        }
    }
}
