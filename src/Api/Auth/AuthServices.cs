using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Options;

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
        services.AddOptions<TenantsOptions>().Bind(configuration.GetSection(TenantsOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TenantsOptions>, TenantsOptionsValidator>();
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<TenantsOptions>>().Value;
            return options.Tenants.Count > 0
                ? TenantKeys.From(options)
                : new TenantKeys([(DevelopmentKey.Tenant, DevelopmentKey.LoadOrCreate(dataDirectory))]);
        });
        services.AddSingleton(_ => ResumptionTokens.Open(dataDirectory));
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
