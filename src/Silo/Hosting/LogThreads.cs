using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Orchestrator.Silo.Hosting;

/// <summary>Who logs must not wait for who reads the log.</summary>
public static class LogThreads
{
    /// <summary>
    /// The console's own thread writes; by default a caller waits when that one is far behind, as it is while nobody takes what is
    /// written. The caller may be a thread that receives audio, so lines are left out instead, and how many is logged later.
    /// </summary>
    public static void NeverWait(this ILoggingBuilder logging) =>
        logging.Services.Configure<ConsoleLoggerOptions>(static console => console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite);
}
