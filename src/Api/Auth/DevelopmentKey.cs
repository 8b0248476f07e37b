using System.Buffers.Text;
using System.Security.Cryptography;
using Orchestrator.Secrets;

namespace Orchestrator.Api.Auth;

/// <summary>The key of an installation without tenants: made once, kept in the data directory, printed at start.</summary>
public static class DevelopmentKey
{
    /// <summary>The tenant that it belongs to.</summary>
    public static readonly TenantId Tenant = new("development");

    private const string Prefix = "dev_";
    private const int RandomBytes = 24;

    /// <summary>Reads <c>development-key</c> of the data directory, or makes it, mode 0600.</summary>
    /// <exception cref="InvalidDataException">The file does not hold a development key.</exception>
    public static string LoadOrCreate(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "development-key");
        if (!File.Exists(path))
        {
            PrivateFiles.CreateDirectory(dataDirectory);
            PrivateFiles.CreateOnce(path, Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes)) + "\n");
        }

        var key = File.ReadAllText(path).Trim();
        return key.StartsWith(Prefix, StringComparison.Ordinal) && key.Length > Prefix.Length && key.All(c => c is > ' ' and < '\x7f')
            ? key
            : throw new InvalidDataException($"{path} does not hold a key that begins with {Prefix}. Delete it and a new one is made.");
    }
}
