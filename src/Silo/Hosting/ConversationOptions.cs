using Microsoft.Extensions.Options;
using Orchestrator.Grains.Actor;

namespace Orchestrator.Silo.Hosting;

/// <summary>Bounds and times of conversations. Section <c>Orchestrator:Conversations</c>.</summary>
public sealed class ConversationOptions
{
    public const string Section = "Orchestrator:Conversations";

    /// <summary>How long the link of a vanished client is kept. Default 60 s, 0 to 10 minutes. Too short cuts a phone that changes
    /// its network; too long pays upstream for listeners that are gone.</summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long after its last fact a conversation can be brought back. Default 2 h, what Google's handles are good for.</summary>
    public TimeSpan ResumableFor { get; set; } = TimeSpan.FromHours(2);

    /// <summary>Bound of the input log under automatic activity detection. Default 8 MiB; beyond it the oldest audio is dropped and journaled.</summary>
    public long InputLogBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>The same with manual activity, where one answer may take ten minutes. Default 32 MiB.</summary>
    public long ManualInputLogBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bound of output that the client has not confirmed. Default 4 MiB; beyond it the oldest audio is given up.</summary>
    public long OutputLogBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Conversations that one process takes into memory. Default 2000, 1 to 1000000; beyond it clients are sent to other silos, or refused with 1013.</summary>
    public int MaxConversations { get; set; } = 2_000;

    /// <summary>How often within the window clients may take a conversation from one another; the next one is refused with 1013 while
    /// another is attached. Default 6, 1 to 1000. Counted are clients that were alive, not sockets left behind by a network change. Too low
    /// keeps a user from changing devices; too high lets two programs that both reconnect at once write a journal without end.</summary>
    public int MaxDisplacements { get; set; } = 6;

    /// <summary>How far back that counts. Default 30 s, 1 s to 1 h.</summary>
    public TimeSpan DisplacementWindow { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Memory of the process from which on new conversations are sent to other silos, or refused with 1013, as a share of what the
    /// runtime may use: the container's limit, or the machine's memory. Default 0.85, 0.05 to 1. Too high ends in the process being
    /// killed with all its conversations.</summary>
    public double MaxMemoryShare { get; set; } = 0.85;

    /// <summary>The same in bytes, instead of the share. None by default, at least 64 MiB.</summary>
    public long? MaxMemoryBytes { get; set; }

    /// <summary>Says when there is no memory for more conversations.</summary>
    internal MemoryGuard ToMemoryGuard(TimeProvider clock) => new(
        () => Environment.WorkingSet,
        () => MaxMemoryBytes ?? (long)(MaxMemoryShare * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
        clock);

    /// <summary>The settings that the grains work with.</summary>
    public ConversationSettings ToSettings() => new()
    {
        Grace = Grace,
        ResumableFor = ResumableFor,
        InputLogBytes = InputLogBytes,
        ManualInputLogBytes = ManualInputLogBytes,
        OutputLogBytes = OutputLogBytes,
        MaxConversations = MaxConversations,
        MaxDisplacements = MaxDisplacements,
        DisplacementWindow = DisplacementWindow,
    };
}

/// <summary>Names every key that is wrong, all at once.</summary>
public sealed class ConversationOptionsValidator : IValidateOptions<ConversationOptions>
{
    private const long Mebibyte = 1024 * 1024;

    public ValidateOptionsResult Validate(string? name, ConversationOptions options)
    {
        var failures = new List<string>();
        Check(options.Grace >= TimeSpan.Zero && options.Grace <= TimeSpan.FromMinutes(10), nameof(options.Grace), "must be between 0 and 10 minutes");
        Check(options.ResumableFor >= TimeSpan.FromMinutes(1) && options.ResumableFor <= TimeSpan.FromDays(7), nameof(options.ResumableFor), "must be between 1 minute and 7 days");
        Check(options.MaxConversations is >= 1 and <= 1_000_000, nameof(options.MaxConversations), "must be between 1 and 1000000");
        Check(options.MaxDisplacements is >= 1 and <= 1_000, nameof(options.MaxDisplacements), "must be between 1 and 1000");
        Check(options.DisplacementWindow >= TimeSpan.FromSeconds(1) && options.DisplacementWindow <= TimeSpan.FromHours(1), nameof(options.DisplacementWindow), "must be between 1 second and 1 hour");
        Check(options.MaxMemoryShare is >= 0.05 and <= 1, nameof(options.MaxMemoryShare), "must be between 0.05 and 1");
        Check(options.MaxMemoryBytes is null or >= 64 * Mebibyte, nameof(options.MaxMemoryBytes), $"must be at least {64 * Mebibyte}");
        CheckBytes(options.InputLogBytes, nameof(options.InputLogBytes));
        CheckBytes(options.ManualInputLogBytes, nameof(options.ManualInputLogBytes));
        CheckBytes(options.OutputLogBytes, nameof(options.OutputLogBytes));
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void CheckBytes(long bytes, string key) =>
            Check(bytes is >= Mebibyte and <= 1024 * Mebibyte, key, $"must be between {Mebibyte} and {1024 * Mebibyte}");

        void Check(bool good, string key, string rule)
        {
            if (!good)
            {
                failures.Add($"{ConversationOptions.Section}:{key} {rule}.");
            }
        }
    }
}
