using System.Xml.Linq;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Architecture;

/// <summary>Which project may see which (docs/architecture.md), from the project files and from what was compiled.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Gemini.Live"] = [],
        ["Grains.Interfaces"] = [],
        ["Grains"] = ["Gemini.Live", "Grains.Interfaces"],
        ["Silo"] = ["Gemini.Live", "Grains", "Grains.Interfaces"],
        ["Simulator"] = ["Gemini.Live"],
        ["Api"] = ["Gemini.Live", "Grains.Interfaces", "Silo", "Simulator"],
    };

    private static readonly Dictionary<string, string> Assemblies = new()
    {
        ["Gemini.Live"] = "Gemini.Live",
        ["Grains.Interfaces"] = "Orchestrator.Grains.Interfaces",
        ["Grains"] = "Orchestrator.Grains",
        ["Silo"] = "Orchestrator.Silo",
        ["Simulator"] = "Gemini.Live.Simulator",
        ["Api"] = "Orchestrator.Api",
    };

    public static TheoryData<string> Projects => [.. Allowed.Keys];

    [Fact]
    public void EveryProjectUnderSrc_IsKnownHere() =>
        Assert.Equal(Allowed.Keys.Order(), Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(Path.GetFileName).Order());

    [Theory]
    [MemberData(nameof(Projects))]
    public void ProjectFile_ReferencesOnlyWhatTheArrowsAllow(string project)
    {
        var references = Items(project, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r)!);

        Assert.Empty(references.Except(Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Assembly_ReferencesOnlyWhatTheArrowsAllow(string project)
    {
        var ours = Assemblies.ToDictionary(a => a.Value, a => a.Key);
        // The composition root hands the grains' settings to the silo; the test on the all-in-one says that nobody else does.
        string[] allowed = project is "Api" ? [.. Allowed[project], "Grains"] : Allowed[project];
        var seen = CompiledCode.References(AssemblyPath(project)).Where(ours.ContainsKey).Select(a => ours[a]);

        Assert.Empty(seen.Except(allowed));
    }

    [Theory]
    [InlineData("Gemini.Live")]
    [InlineData("Grains.Interfaces")]
    public void Contract_NeedsTheBaseLibraryOnly(string project)
    {
        Assert.Empty(Items(project, "PackageReference"));
        Assert.Empty(Items(project, "FrameworkReference"));
        Assert.Equal("Microsoft.NET.Sdk", (string?)Load(project).Attribute("Sdk"));
        Assert.DoesNotContain(CompiledCode.References(AssemblyPath(project)), r => r.StartsWith("Microsoft.", StringComparison.Ordinal));
    }

    [Fact]
    public void Grains_NeedNoMoreThanLoggingFromTheFramework()
    {
        Assert.Empty(Items("Grains", "PackageReference"));
        Assert.Equal("Microsoft.NET.Sdk", (string?)Load("Grains").Attribute("Sdk"));
        Assert.All(
            CompiledCode.References(AssemblyPath("Grains")).Where(r => r.StartsWith("Microsoft.", StringComparison.Ordinal)),
            r => Assert.Equal("Microsoft.Extensions.Logging.Abstractions", r));
    }

    [Fact]
    public void Product_NeedsNoPackageAtRunTime_ButTheDatabasesDriverTheCircuitBreakerAndTheExporter() =>
        Assert.Equal(
            ["Silo: Npgsql", "Silo: OpenTelemetry", "Silo: OpenTelemetry.Exporter.OpenTelemetryProtocol", "Silo: Polly.Core"],
            Allowed.Keys.SelectMany(p => Items(p, "PackageReference").Select(i => $"{p}: {i}")));

    [Fact]
    public void Api_SeesSiloGrainsAndSimulatorOnlyWhereTheProcessIsComposed()
    {
        var hidden = new[] { "Orchestrator.Silo", "Orchestrator.Grains", "Gemini.Live.Simulator" };
        var uses = CompiledCode.Uses(AssemblyPath("Api"));

        Assert.DoesNotContain(uses, u => hidden.Contains(u.Assembly) && !IsIn(u.UserNamespace, "Orchestrator.Api.Composition"));
        Assert.Contains(uses, u => u.Assembly is "Orchestrator.Silo" && IsIn(u.UserNamespace, "Orchestrator.Api.Composition"));
    }

    [Fact]
    public void OpenTelemetry_IsSeenByTheExport_AndNowhereElse()
    {
        var uses = Allowed.Keys.SelectMany(p => CompiledCode.Uses(AssemblyPath(p))).Where(u => IsIn(u.Namespace, "OpenTelemetry")).ToList();

        Assert.NotEmpty(uses);
        Assert.All(uses, u => Assert.True(IsIn(u.UserNamespace, "Orchestrator.Silo.Telemetry"), u.User));
    }

    [Fact]
    public void Npgsql_IsSeenByThePostgresStore_AndNowhereElse()
    {
        var uses = Allowed.Keys.SelectMany(p => CompiledCode.Uses(AssemblyPath(p))).Where(u => IsIn(u.Namespace, "Npgsql")).ToList();

        Assert.NotEmpty(uses);
        Assert.All(uses, u => Assert.True(IsIn(u.UserNamespace, "Orchestrator.Silo.Stores.Postgres"), u.User));
    }

    [Fact]
    public void CompositionNamespace_LiesInItsFolder()
    {
        var sources = Directory.GetFiles(Path.Combine(Repository.Root, "src", "Api"), "*.cs", SearchOption.AllDirectories);

        Assert.DoesNotContain(sources, s => File.ReadAllText(s).Contains("namespace Orchestrator.Api.Composition", StringComparison.Ordinal)
            && !s.Contains("/Api/Composition/", StringComparison.Ordinal));
    }

    internal static string AssemblyPath(string project) => Repository.Built(project, $"{Assemblies[project]}.dll");

    internal static bool IsIn(string ns, string root) => string.Equals(ns, root, StringComparison.Ordinal) || ns.StartsWith(root + ".", StringComparison.Ordinal);

    private static XElement Load(string project) => XElement.Load(Path.Combine(Repository.Root, "src", project, $"{project}.csproj"));

    private static IEnumerable<string> Items(string project, string kind) =>
        Load(project).Descendants(kind).Select(e => (string)e.Attribute("Include")!);
}
