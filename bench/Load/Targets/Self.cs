using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Targets;

/// <summary>This program as another process: the upstream, and the bare relay.</summary>
internal static class Self
{
    /// <summary>Completions of sockets run on the thread that learns of them; read once, before the first socket.</summary>
    public const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    public static ChildProcess Start(string name, string[] arguments, IReadOnlyDictionary<string, string> environment) =>
        ChildProcess.StartDotnet(
            name,
            typeof(Self).Assembly.Location,
            arguments,
            new Dictionary<string, string>(environment) { [InlineCompletions] = environment.GetValueOrDefault(InlineCompletions, "1") });
}
