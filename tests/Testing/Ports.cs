using System.Net;
using System.Net.Sockets;

namespace Orchestrator.Testing;

/// <summary>
/// Free loopback ports below the range from which the system takes ports of outgoing connections, so that
/// a server that was killed finds its port free again.
/// </summary>
public static class Ports
{
    private static int next = 20000 + (Environment.ProcessId * 37 % 10000);

    public static int Free()
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var port = 20000 + (Interlocked.Increment(ref next) % 12000);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken; the next one may be free.
            }
        }
        throw new InvalidOperationException("No free loopback port found.");
    }
}
