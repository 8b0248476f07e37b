using Gemini.Live.Simulator.Model;

namespace Gemini.Live.Simulator.Hosting;

/// <summary><c>GET /v1beta/models</c> and <c>/v1beta/models/{id}</c>.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder app, string version)
    {
        app.MapGet($"/{version}/models", () => Results.Json(new { models = ModelList.Live.Select(Live).Concat(ModelList.Text.Select(Text)) }));
        app.MapGet($"/{version}/models/{{id}}", (HttpContext context, string id) =>
        {
            if (ModelList.Find(id) is { } live)
                return context.Response.WriteAsJsonAsync(Live(live));
            return ModelList.Text.Contains(id)
                ? context.Response.WriteAsJsonAsync(Text(id))
                : GoogleError.WriteAsync(context, 404, "NOT_FOUND", $"models/{id} is not found for API version {version}.");
        });
    }

    private static object Live(ModelBehaviour model) => Describe(model.Id, model.Facts.ContextWindowTokens, model.Facts.OutputTokens, "bidiGenerateContent");

    private static object Text(string id) => Describe(id, 1_048_576, 65_536, "generateContent");

    private static object Describe(string id, int input, int output, string method) => new
    {
        name = "models/" + id,
        version = "001",
        displayName = id,
        description = "A simulated model.",
        inputTokenLimit = input,
        outputTokenLimit = output,
        supportedGenerationMethods = new[] { method },
    };
}
