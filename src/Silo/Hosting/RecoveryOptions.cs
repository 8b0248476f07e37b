using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace Orchestrator.Silo.Hosting;

/// <summary>What a recovery may do. Section <c>Orchestrator:Recovery</c>.</summary>
public sealed class RecoveryOptions
{
    public const string Section = "Orchestrator:Recovery";

    /// <summary>Names of functions that may run again when the turn that called them is answered anew on another connection.
    /// Default none: a function runs once, and the model gets the recorded result. Listing one that has effects has them twice.</summary>
    public IList<string> RepeatableTools { get; } = [];

    /// <summary>The settings that the grains work with.</summary>
    public ImmutableHashSet<string> ToRepeatableTools() => [.. RepeatableTools];
}

/// <summary>Names every name that no function can have.</summary>
public sealed class RecoveryOptionsValidator : IValidateOptions<RecoveryOptions>
{
    private const int MostChars = 128;

    public ValidateOptionsResult Validate(string? name, RecoveryOptions options)
    {
        var failures = options.RepeatableTools.Index().Where(tool => !IsName(tool.Item)).Select(tool =>
            $"{RecoveryOptions.Section}:{nameof(options.RepeatableTools)}:{tool.Index} must be a function's name: a letter or _, then letters, digits and _ . : -, at most {MostChars}.").ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static bool IsName(string? name) =>
        name is { Length: > 0 and <= MostChars } && (char.IsAsciiLetter(name[0]) || name[0] == '_')
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '-');
}
