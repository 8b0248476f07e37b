using Gemini.Live.Simulator.Sessions;

namespace Gemini.Live.Simulator.Hosting;

/// <summary>Everything that the simulator answers to.</summary>
internal static class SimulatorRoutes
{
    public static void Map(WebApplication app, SimulatorWorld world, TimeProvider clock)
    {
        // @google/genai dials //ws/… with two slashes; Google accepts it.
        app.Use((context, next) =>
        {
            var path = context.Request.Path.Value;
            if (path is not null && path.StartsWith("//", StringComparison.Ordinal))
                context.Request.Path = "/" + path.TrimStart('/');
            return next(context);
        });
        app.UseRouting();

        var live = new LiveEndpoint(world, clock);
        // v1 is what @google/genai 3.1.0 dials unless told otherwise.
        foreach (var version in (ReadOnlySpan<string>)["v1beta", "v1alpha", "v1"])
        {
            var apiVersion = version;
            var method = $"/ws/google.ai.generativelanguage.{version}.GenerativeService.BidiGenerateContent";
            app.Map(method, context => live.HandleAsync(context, apiVersion, constrained: false));
            app.Map(method + "Constrained", context => live.HandleAsync(context, apiVersion, constrained: true));
            app.MapModels(version);
            app.MapGenerateContent(version, world);
            app.MapTokens(version, world, clock);
        }
        foreach (var version in (ReadOnlySpan<string>)["v1beta1", "v1"])
        {
            var apiVersion = version;
            app.Map($"/ws/google.cloud.aiplatform.{version}.LlmBidiService/BidiGenerateContent", context => live.HandleVertexAsync(context, apiVersion));
        }
        app.MapControl(world, live);
    }
}
