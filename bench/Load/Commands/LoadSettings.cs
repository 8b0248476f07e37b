using System.Globalization;
using Orchestrator.Bench.Load.Targets;
using Orchestrator.Bench.Load.Traffic;

namespace Orchestrator.Bench.Load.Commands;

/// <summary>What to measure.</summary>
internal sealed record LoadSettings
{
    public IReadOnlyList<int> Conversations { get; init; } = [50, 200, 500];

    public int Runs { get; init; } = 3;

    /// <summary>Of one measurement, or of one row of a soak.</summary>
    public TimeSpan? Seconds { get; init; }

    public TimeSpan Time => Seconds ?? TimeSpan.FromSeconds(10);

    /// <summary>Load before anything is measured, so that programs are compiled and buffers have grown.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(6);

    public IReadOnlyList<TargetSpec> Targets { get; init; } = [.. TargetSpec.Names.Select(TargetSpec.Parse)];

    public TalkPlan Plan { get; init; } = new();

    public int Seed { get; init; } = 1;

    /// <summary>Reads <c>--name value</c>; what stands elsewhere is the command's.</summary>
    /// <exception cref="ArgumentException">An option that there is not.</exception>
    public static LoadSettings Read(IReadOnlyList<string> arguments)
    {
        var settings = new LoadSettings();
        for (var i = 0; i < arguments.Count; i++)
        {
            settings = arguments[i] switch
            {
                "--n" => settings with { Conversations = [.. arguments[++i].Split(',').Select(Integer)] },
                "--runs" => settings with { Runs = Integer(arguments[++i]) },
                "--seconds" => settings with { Seconds = TimeSpan.FromSeconds(Number(arguments[++i])) },
                "--warm-up" => settings with { WarmUp = TimeSpan.FromSeconds(Number(arguments[++i])) },
                // A space, because settings of a target have commas in them.
                "--targets" => settings with { Targets = [.. arguments[++i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(TargetSpec.Parse)] },
                "--turn" => settings with { Plan = settings.Plan with { TurnSeconds = Number(arguments[++i]) } },
                "--manual" => settings with { Plan = settings.Plan with { Manual = true } },
                "--seed" => settings with { Seed = Integer(arguments[++i]) },
                ['-', ..] unknown => throw new ArgumentException($"There is no option {unknown}."),
                _ => settings,
            };
        }

        return settings;
    }

    private static int Integer(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
