using Microsoft.Extensions.Options;

namespace Orchestrator.Api.Auth;

/// <summary>The tenants, bound from the section <c>Orchestrator</c>. Without any, a development key is made.</summary>
public sealed class TenantsOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Orchestrator";

    /// <summary>Key <c>Orchestrator:Tenants:n</c>.</summary>
    public IList<TenantOptions> Tenants { get; } = [];
}

/// <summary>One tenant.</summary>
public sealed class TenantOptions
{
    /// <summary>Name of the tenant: letters, digits, <c>-</c> and <c>_</c>, at most 64. It names a directory of the
    /// data directory, so another name means other conversations.</summary>
    public string Id { get; set; } = "";

    /// <summary>Keys that clients present; any of them will do, so that a key can be replaced without a gap.</summary>
    public IList<string> ApiKeys { get; } = [];
}

/// <summary>Refuses tenants that could not be told apart. Names configuration keys, never the secrets in them.</summary>
public sealed class TenantsOptionsValidator : IValidateOptions<TenantsOptions>
{
    public ValidateOptionsResult Validate(string? name, TenantsOptions options)
    {
        var failures = new List<string>();
        // Some file systems do not tell upper from lower case, and ids are directory names.
        var ids = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var t = 0; t < options.Tenants.Count; t++)
        {
            var tenant = options.Tenants[t];
            var place = $"{TenantsOptions.Section}:Tenants:{t}";
            if (!TenantId.IsValid(tenant.Id))
            {
                failures.Add($"{place}:Id must have 1 to 64 letters, digits, '-' or '_'.");
            }
            else if (!ids.TryAdd(tenant.Id, $"{place}:Id"))
            {
                failures.Add($"{place}:Id is the same as {ids[tenant.Id]}; upper and lower case do not make a difference.");
            }

            if (tenant.ApiKeys.Count == 0)
            {
                failures.Add($"{place}:ApiKeys must have at least one key.");
            }

            for (var k = 0; k < tenant.ApiKeys.Count; k++)
            {
                var key = tenant.ApiKeys[k];
                var keyPlace = $"{place}:ApiKeys:{k}";
                if (string.IsNullOrEmpty(key))
                {
                    failures.Add($"{keyPlace} is empty.");
                }
                else if (!key.All(c => c is > ' ' and < '\x7f'))
                {
                    failures.Add($"{keyPlace} must consist of printable ASCII characters without spaces: it travels in headers and URLs.");
                }
                else if (!keys.TryAdd(key, keyPlace))
                {
                    failures.Add($"{keyPlace} is the same key as {keys[key]}.");
                }
            }
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
