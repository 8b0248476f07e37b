using Microsoft.Extensions.Options;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>Names every key that is wrong, all at once.</summary>
public sealed class ClusterOptionsValidator : IValidateOptions<ClusterOptions>
{
    public ValidateOptionsResult Validate(string? name, ClusterOptions options) =>
        options.Failures() is { Count: > 0 } failures ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
}
