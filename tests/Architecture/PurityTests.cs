using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Architecture;

/// <summary>
/// The core of a conversation is a pure step: no clock, no randomness, no I/O, nothing to await. That is the whole
/// concurrency argument, so it is checked on the compiled code, instruction by instruction.
/// </summary>
public sealed class PurityTests
{
    private static readonly string[] Core = ["Conversations", "Turns", "Recovery", "Transcripts", "Usage", "Tools", "Guards"];

    /// <summary>What is left: the actor, which may wait, write and look at the clock.</summary>
    private static readonly string[] Shell = ["Actor"];

    private static readonly string[] ForbiddenNamespaces =
    [
        "System.Threading.Tasks", "System.Threading.Channels", "System.Net", "System.Diagnostics", "System.Timers",
        "System.Security.Cryptography", "Microsoft",
    ];

    private static readonly string[] ForbiddenTypes =
    [
        "System.TimeProvider", "System.Random", "System.Threading.Timer", "System.Threading.Thread", "System.Threading.ThreadPool",
        "System.Threading.Lock", "System.Threading.Monitor", "System.Threading.SemaphoreSlim", "System.Threading.Interlocked", "System.Threading.ITimer",
        "System.IO.File", "System.IO.FileStream", "System.IO.FileInfo", "System.IO.Directory", "System.IO.DirectoryInfo", "System.IO.Path", "System.Console",
        "System.Runtime.CompilerServices.AsyncTaskMethodBuilder", "System.Runtime.CompilerServices.AsyncVoidMethodBuilder",
        "System.Runtime.CompilerServices.AsyncValueTaskMethodBuilder", "System.Runtime.CompilerServices.IAsyncStateMachine",
    ];

    private static readonly (string Type, string Member)[] ForbiddenMembers =
    [
        ("System.Guid", "NewGuid"), ("System.Guid", "CreateVersion7"), ("System.DateTime", "get_UtcNow"), ("System.DateTime", "get_Now"),
        ("System.DateTimeOffset", "get_UtcNow"), ("System.DateTimeOffset", "get_Now"), ("System.Environment", "get_TickCount"), ("System.Environment", "get_TickCount64"),
        ("System.Environment", "GetEnvironmentVariable"),
    ];

    // BCL annotations and data that live beside what is forbidden.
    private static readonly string[] Harmless = ["System.Diagnostics.UnreachableException", "System.Diagnostics.DebuggerDisplayAttribute"];

    [Fact]
    public void Core_UsesNoClockRandomnessInputOutputOrTasks()
    {
        var offences = CoreUses().Where(u => Offends(u));

        Assert.Empty(offences);
    }

    [Fact]
    public void Core_IsThere()
    {
        var namespaces = CoreUses().Select(u => u.UserNamespace).ToHashSet();

        Assert.Contains(Prefix + "Conversations", namespaces);
        Assert.Contains(Prefix + "Turns", namespaces);
        Assert.Contains(Prefix + "Recovery", namespaces);
    }

    [Fact]
    public void Grains_AreEitherCoreOrShell()
    {
        // A new folder must say on which side it stands; otherwise it would be impure unseen.
        var namespaces = CompiledCode.Uses(ArrowTests.AssemblyPath("Grains")).Select(u => u.UserNamespace)
            .Where(n => ArrowTests.IsIn(n, "Orchestrator")).ToHashSet();

        Assert.DoesNotContain(namespaces, n => !Core.Concat(Shell).Any(known => ArrowTests.IsIn(n, Prefix + known)));
    }

    [Fact]
    public void Core_DoesNotSeeTheShell() =>
        Assert.DoesNotContain(CoreUses(), u => Shell.Any(s => ArrowTests.IsIn(u.Namespace, Prefix + s)));

    [Theory]
    [InlineData("System.Threading.Tasks.Task", "Delay", true)]
    [InlineData("System.Net.WebSockets.ClientWebSocket", "", true)]
    [InlineData("System.Guid", "NewGuid", true)]
    [InlineData("System.Guid", "Parse", false)]
    [InlineData("System.Collections.Immutable.ImmutableArray`1", "Add", false)]
    public void Rule_TellsTheClockFromTheCollection(string type, string member, bool offends) =>
        Assert.Equal(offends, Offends(new TypeUse("Orchestrator.Grains.Turns.Any", "System.Runtime", type, member)));

    [Fact]
    public void Reader_SeesThroughAsyncMethodsAndLambdas()
    {
        // The harness itself awaits, reads clocks and opens files: a reader that misses that would pass everything.
        var uses = CompiledCode.Uses(typeof(Patience).Assembly.Location);

        Assert.Contains(uses, u => u is { User: "Orchestrator.Testing.Patience", Type: "System.Threading.Tasks.Task", Member: "Delay" });
        Assert.Contains(uses, u => u is { User: "Orchestrator.Testing.Patience", Type: "System.DateTime", Member: "get_UtcNow" });
        Assert.Contains(uses, u => u is { User: "Orchestrator.Testing.TalkSample", Type: "System.IO.File", Member: "ReadAllBytesAsync" });
        Assert.All(uses.Where(u => u is { User: "Orchestrator.Testing.Patience", Member: "Delay" }), u => Assert.True(Offends(u)));
    }

    private const string Prefix = "Orchestrator.Grains.";

    private static IEnumerable<TypeUse> CoreUses() =>
        CompiledCode.Uses(ArrowTests.AssemblyPath("Grains")).Where(u => Core.Any(c => ArrowTests.IsIn(u.UserNamespace, Prefix + c)));

    private static bool Offends(TypeUse use)
    {
        var type = use.Type.Split('`')[0];
        return !Harmless.Contains(type)
            && (ForbiddenNamespaces.Any(n => ArrowTests.IsIn(use.Namespace, n) && !ArrowTests.IsIn(use.Namespace, "System.Diagnostics.CodeAnalysis"))
                || ForbiddenTypes.Contains(type)
                || ForbiddenMembers.Contains((type, use.Member)));
    }
}
