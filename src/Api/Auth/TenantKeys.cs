using System.Security.Cryptography;
using System.Text;

namespace Orchestrator.Api.Auth;

/// <summary>Whose key is it? Keeps SHA-256 hashes only, and takes the same time for every key that is presented.</summary>
public sealed class TenantKeys
{
    /// <summary>Longer ones are nobody's; they are not even hashed.</summary>
    private const int LongestKey = 512;

    private readonly (byte[] Hash, TenantId Tenant)[] known;

    public TenantKeys(IEnumerable<(TenantId Tenant, string Key)> keys) =>
        known = [.. keys.Select(k => (SHA256.HashData(Encoding.UTF8.GetBytes(k.Key)), k.Tenant))];

    /// <summary>The configured keys.</summary>
    public static TenantKeys From(TenantsOptions options) =>
        new(options.Tenants.SelectMany(tenant => tenant.ApiKeys.Select(key => (new TenantId(tenant.Id), key))));

    /// <summary>
    /// Authenticates a request as Google does: by <c>x-goog-api-key</c>, else by <c>?key=</c>. The first one
    /// that is present counts.
    /// </summary>
    public bool TryAuthenticate(HttpRequest request, out TenantId tenant) => TryFind(PresentedKey.Of(request, allowBearer: false), out tenant);

    /// <summary>As above, or by <c>Authorization: Bearer</c>: for REST, where there is no Google client to please.</summary>
    public bool TryAuthenticateRest(HttpRequest request, out TenantId tenant) => TryFind(PresentedKey.Of(request, allowBearer: true), out tenant);

    /// <summary>Finds the tenant of a key.</summary>
    public bool TryFind(string? key, out TenantId tenant)
    {
        tenant = default;
        if (key is null or { Length: 0 or > LongestKey })
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);
        var found = -1;
        for (var i = 0; i < known.Length; i++)
        {
            // Every key is compared, whether or not one has matched.
            found = CryptographicOperations.FixedTimeEquals(known[i].Hash, hash) ? i : found;
        }

        if (found < 0)
        {
            return false;
        }

        tenant = known[found].Tenant;
        return true;
    }
}
