using System.Net;
using System.Net.Sockets;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Targets;

/// <summary>This program as another process: the upstream, and the bare relay.</summary>
internal static class Self
{
    /// <summary>Completions of sockets run on the thread that learns of them; read once, with the first socket.</summary>
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>
    /// Also this process's own sockets are served by the thread that learns of them. The programs under test must not inherit
    /// that: the switch is set until the first socket has read it, and taken away again.
    /// </summary>
    public static async Task HandleInlineAsync()
    {
        var before = Environment.GetEnvironmentVariable(InlineCompletions);
        Environment.SetEnvironmentVariable(InlineCompletions, before ?? "1");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var server = await listener.AcceptTcpClientAsync();
        Environment.SetEnvironmentVariable(InlineCompletions, before);
    }

    public static ChildProcess Start(string name, string[] arguments, IReadOnlyDictionary<string, string> environment) =>
        ChildProcess.StartDotnet(
            name,
            typeof(Self).Assembly.Location,
            arguments,
            new Dictionary<string, string>(environment) { [InlineCompletions] = environment.GetValueOrDefault(InlineCompletions, "1") });
}
