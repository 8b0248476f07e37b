using System.Globalization;
using System.Runtime.InteropServices;
using Orchestrator.Bench.Load.Commands;
using Orchestrator.Bench.Load.Relay;
using Orchestrator.Bench.Load.Targets;
using Orchestrator.Bench.Load.Upstream;

CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

try
{
    await Self.HandleInlineAsync();
    switch (args)
    {
        case ["upstream", var port]:
            return await EchoUpstream.RunAsync(Number(port));
        case ["bare", var port, var upstream]:
            return await BareRelay.RunAsync(Number(port), Number(upstream));
        case ["table", .. var options]:
            Console.WriteLine($"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {DateTime.UtcNow:yyyy-MM-dd}.");
            return await TableCommand.RunAsync(LoadSettings.Read(options), Console.Out);
        case ["one", var target, var conversations, .. var options]:
            return await OneCommand.RunAsync(target, Number(conversations), LoadSettings.Read(options));
        case ["memory", .. var options]:
            return await MemoryCommand.RunAsync([100, 500, 1000], LoadSettings.Read(options));
        case ["soak", var target, var conversations, var minutes, .. var options]:
            return await SoakCommand.RunAsync(TargetSpec.Parse(target), Number(conversations), Number(minutes), LoadSettings.Read(options));
        default:
            Console.Error.WriteLine("""
                dotnet run --project bench/Load -c Release -- table [options]
                                                              one <target> <conversations> [options]
                                                              memory [options]
                                                              soak <target> <conversations> <minutes> [options]
                --n 50,200,500   --runs 3   --seconds 10   --warm-up 6   --turn 8   --manual   --seed 1
                --targets "direct node bare all-in-one cluster"; a target may be followed by @VARIABLE=value,bin=folder
                """);
            return 2;
    }
}
catch (Exception wrong) when (wrong is ArgumentException or FormatException)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
