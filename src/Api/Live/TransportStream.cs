using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Gemini.Live.WebSockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Orchestrator.Api.Live;

/// <summary>
/// The connection of an upgraded request, past what the server puts around it for the sake of HTTP bodies: a frame passes one
/// pipe each way instead of four layers. The server still owns the connection: it reads and writes the socket, encrypts, and ends
/// it with the request. One read and one write at a time; both have to be over when the request ends.
/// </summary>
internal sealed class TransportStream(IDuplexPipe transport) : DuplexStream
{
    /// <param name="features">The request's, after its upgrade was answered.</param>
    /// <param name="upgraded">What the upgrade gave; stays in use with a server that does not show its connections.</param>
    public static Stream Of(IFeatureCollection features, Stream upgraded) =>
        features.Get<IConnectionTransportFeature>() is { } connection ? new TransportStream(connection.Transport) : upgraded;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var read = await transport.Input.ReadAsync(cancellationToken);
            var bytes = read.Buffer;
            var count = (int)Math.Min(bytes.Length, buffer.Length);
            bytes.Slice(0, count).CopyTo(buffer.Span);
            transport.Input.AdvanceTo(bytes.GetPosition(count));
            if (count > 0 || read.IsCompleted)
            {
                return count;
            }

            // A server that begins to stop wakes those who wait for another request; the conversation goes on.
        }
    }

    /// <summary>Completes when the server holds no more than its bound for a client that does not read.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var flushed = await transport.Output.WriteAsync(buffer, cancellationToken);
        if (flushed.IsCompleted)
        {
            throw new IOException("The client has gone.");
        }
    }
}
