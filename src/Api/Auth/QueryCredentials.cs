using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Orchestrator.Api.Auth;

/// <summary>Credentials that stood in the URL of this request, which does not have them any more.</summary>
/// <param name="Keys">Values of <c>key</c>.</param>
/// <param name="AccessTokens">Values of <c>access_token</c>.</param>
public sealed record QueryCredentials(StringValues Keys, StringValues AccessTokens);

/// <summary>
/// Takes <c>key</c> and <c>access_token</c> out of every URL before ASP.NET Core sees it, and keeps them in
/// <see cref="QueryCredentials"/>. Request logs, traces and error pages can then not contain them, whatever levels an
/// operator turns on: a log filter could be overridden by configuration, and the hosting layer logs the whole URL
/// before the first middleware runs.
/// </summary>
internal sealed class CredentialShield(IServer inner) : IServer
{
    public IFeatureCollection Features => inner.Features;

    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
        where TContext : notnull => inner.StartAsync(new Shielded<TContext>(application), cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => inner.StopAsync(cancellationToken);

    public void Dispose() => inner.Dispose();

    /// <summary>The request's query without credentials.</summary>
    internal static (string Query, QueryCredentials Taken) Split(string query)
    {
        var keys = new List<string>();
        var tokens = new List<string>();
        var kept = new List<string>();
        foreach (var pair in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = Decode(equals < 0 ? pair : pair[..equals]);
            var value = equals < 0 ? "" : Decode(pair[(equals + 1)..]);
            if (string.Equals(name, "key", StringComparison.OrdinalIgnoreCase))
            {
                keys.Add(value);
            }
            else if (string.Equals(name, "access_token", StringComparison.OrdinalIgnoreCase))
            {
                tokens.Add(value);
            }
            else
            {
                kept.Add(pair);
            }
        }

        return (kept.Count == 0 ? "" : "?" + string.Join('&', kept), new QueryCredentials(keys.ToArray(), tokens.ToArray()));
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));

    private sealed class Shielded<TContext>(IHttpApplication<TContext> application) : IHttpApplication<TContext>
        where TContext : notnull
    {
        public TContext CreateContext(IFeatureCollection contextFeatures)
        {
            if (contextFeatures.Get<IHttpRequestFeature>() is { } request)
            {
                var (query, taken) = Split(request.QueryString);
                contextFeatures.Set(taken);
                if (taken.Keys.Count > 0 || taken.AccessTokens.Count > 0)
                {
                    request.QueryString = query;
                    var path = request.RawTarget.IndexOf('?', StringComparison.Ordinal);
                    request.RawTarget = path < 0 ? request.RawTarget : request.RawTarget[..path] + query;
                }
            }

            return application.CreateContext(contextFeatures);
        }

        public Task ProcessRequestAsync(TContext context) => application.ProcessRequestAsync(context);

        public void DisposeContext(TContext context, Exception? exception) => application.DisposeContext(context, exception);
    }
}
