using System.Net.WebSockets;
using System.Text;
using Gemini.Live.Tests.Support;
using Gemini.Live.WebSockets;

namespace Gemini.Live.Tests.WebSockets;

/// <summary>Senders, pings, closes and aborts from several threads against a peer that reads, closes or vanishes.</summary>
public sealed class LiveServerSocketChaosTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task AnyRace_EndsAndDeliversWhatWasAcceptedBeforeACleanClose(int seed)
    {
        var kinds = new Dictionary<SocketEndKind, int>();
        for (var round = 0; round < 60; round++)
        {
            var random = new Random((seed * 1000) + round);
            var (peerDoes, weDo) = (random.Next(4), random.Next(4));
            var (first, second) = (random.Next(1, 60), random.Next(1, 60));
            using var pair = await TcpPair.ConnectAsync();
            await using var server = new LiveServerSocket(
                new RaggedStream(pair.Server, new Random(seed), 5000), new ServerSocketOptions { CloseGrace = TimeSpan.FromSeconds(20), MaxQueuedBytes = 300_000 });
            var run = Task.Run(async () =>
            {
                var how = await server.RunAsync(new RecordingHandler(), default);
                await server.DisposeAsync(); // as every owner does; only now does the peer of an aborted socket see it
                return how;
            });
            var accepted = new int[3];
            var senders = Enumerable.Range(0, 3).Select(thread => Task.Run(() =>
            {
                var sizes = new Random(thread);
                for (var i = 0; i < 60; i++)
                {
                    if (!server.TrySend(Encoding.ASCII.GetBytes($"{thread}:{i}:{new string('x', sizes.Next(4000))}"), binary: true))
                    {
                        break;
                    }

                    accepted[thread]++;
                    server.TryPing([1]);
                    if (i == first && thread == 0 && weDo > 0)
                    {
                        End(server, weDo);
                    }
                }
            })).ToArray();
            using var client = WebSocket.CreateFromStream(pair.Client, isServer: false, null, Timeout.InfiniteTimeSpan);
            var closing = Task.Run(async () =>
            {
                await Task.WhenAll(senders);
                server.Close(1000, "end"); // unless something ended it before
            });
            var received = await ReadAsync(client, pair, peerDoes, second);
            await closing.Soon();
            var end = await run.Soon();
            Assert.False(server.TrySend("x"u8, binary: true));

            // Where the closes cross, the peer had not read to the end, and what it then still sends (.NET's end goes on
            // to answer pings) makes our side's close of the connection a reset that takes the unread rest with it.
            if (peerDoes != 1 && end is { Clean: true, Kind: SocketEndKind.ClosedByUs })
            {
                Assert.True(accepted.SequenceEqual(received), $"seed {seed} round {round}: {string.Join(',', accepted)} sent, {string.Join(',', received)} received");
            }

            kinds[end.Kind] = kinds.GetValueOrDefault(end.Kind) + 1;
        }

        Assert.True(kinds.Count >= 2, string.Join(", ", kinds)); // the races really take different ways
    }

    private static void End(LiveServerSocket server, int how)
    {
        if (how == 3)
        {
            server.Abort();
        }
        else
        {
            server.Close(1000 + how, "end");
        }
    }

    /// <summary>Counts the messages of each sender, checking their order, until the socket ends or the peer's turn has come.</summary>
    private static async Task<int[]> ReadAsync(WebSocket client, TcpPair pair, int peerDoes, int turn)
    {
        var received = new int[3];
        var buffer = new byte[8192];
        try
        {
            for (var count = 0; ; count++)
            {
                if (count == turn && peerDoes == 1)
                {
                    await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "peer", default);
                }
                else if (count == turn && peerDoes == 2)
                {
                    pair.ResetClient();
                }

                var length = 0;
                ValueWebSocketReceiveResult result;
                do
                {
                    result = await client.ReceiveAsync(buffer.AsMemory(length), default).AsTask().Soon();
                    length += result.Count;
                }
                while (!result.EndOfMessage);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    if (client.State == WebSocketState.CloseReceived)
                    {
                        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", default);
                    }

                    return received;
                }

                var parts = Encoding.ASCII.GetString(buffer, 0, length).Split(':');
                Assert.Equal(received[int.Parse(parts[0])]++, int.Parse(parts[1]));
            }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // the connection is gone
        }

        return received;
    }
}
