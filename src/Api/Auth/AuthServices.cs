using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Options;
using Orchestrator.Secrets;

namespace Orchestrator.Api.Auth;

/// <summary>Registers what authenticates requests and what keeps their credentials out of logs.</summary>
public static class AuthServices
{
    /// <summary>
    /// Adds <see cref="TenantsOptions"/> (validated at start), <see cref="TenantKeys"/> (with the development key when
    /// no tenant is configured) and <see cref="ResumptionTokens"/>, and shields URLs. Call after the server was added,
    /// which <c>WebApplication.CreateBuilder</c> does.
    /// </summary>
    public static IServiceCollection AddTenantAuth(this IServiceCollection services, IConfiguration configuration, string dataDirectory)
    {
        services.AddSingleton(_ => ResumptionTokens.Open(dataDirectory));
        return services.AddTenants(configuration, options => options.Tenants.Count > 0
            ? TenantKeys.From(options)
            : new TenantKeys([(DevelopmentKey.Tenant, DevelopmentKey.LoadOrCreate(dataDirectory))]));
    }

    /// <summary>The same for a front-end of a cluster: tenants must be configured, and all front-ends share <paramref name="resumption"/>.</summary>
    public static IServiceCollection AddClusterAuth(this IServiceCollection services, IConfiguration configuration, KeyRing resumption)
    {
        services.AddSingleton(_ => new ResumptionTokens(resumption));
        services.AddOptions<TenantsOptions>().Validate(options => options.Tenants.Count > 0, $"{TenantsOptions.Section}:Tenants must name at least one tenant: a cluster has no development key.");
        return services.AddTenants(configuration, TenantKeys.From);
    }

    private static IServiceCollection AddTenants(this IServiceCollection services, IConfiguration configuration, Func<TenantsOptions, TenantKeys> keys)
    {
        services.AddOptions<TenantsOptions>().Bind(configuration.GetSection(TenantsOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TenantsOptions>, TenantsOptionsValidator>();
        services.AddSingleton(provider => keys(provider.GetRequiredService<IOptions<TenantsOptions>>().Value));
        return services.ShieldCredentials();
    }

    private static IServiceCollection ShieldCredentials(this IServiceCollection services)
    {
        // Kestrel quotes a malformed request line, credentials included.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.BadRequests", LogLevel.None));

        var server = services.LastOrDefault(service => service.ServiceType == typeof(IServer))
            ?? throw new InvalidOperationException("Add the web server before its credentials are shielded.");
        services.Remove(server);
        services.AddSingleton<IServer>(provider => new CredentialShield(
            (IServer)(server.ImplementationInstance
                ?? server.ImplementationFactory?.Invoke(provider)
                ?? ActivatorUtilities.CreateInstance(provider, server.ImplementationType!))));
        return services;
    }
}
