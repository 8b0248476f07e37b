using Gemini.Live.Simulator;

var builder = WebApplication.CreateBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
    builder.WebHost.UseUrls("http://127.0.0.1:9100");
var options = builder.Configuration.GetSection(SimulatorOptions.Section).Get<SimulatorOptions>() ?? new SimulatorOptions();

await using var simulator = await SimulatorHost.StartAsync(builder, options, TimeProvider.System, CancellationToken.None);
Console.WriteLine($"Gemini Live simulator ready at {simulator.BaseUrl.AbsoluteUri}");
await simulator.WaitForShutdownAsync();
