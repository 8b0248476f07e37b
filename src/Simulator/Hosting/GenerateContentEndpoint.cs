using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Sessions;

namespace Gemini.Live.Simulator.Hosting;

/// <summary>
/// <c>POST /v1beta/models/{model}:generateContent</c> in the shape that outcome extraction needs: a response schema, or
/// function calling with mode ANY; otherwise it repeats the last words of the request.
/// </summary>
internal static class GenerateContentEndpoint
{
    public static void MapGenerateContent(this IEndpointRouteBuilder app, string version, SimulatorWorld world) =>
        app.MapPost($"/{version}/models/{{call}}", (HttpContext context, string call) => HandleAsync(context, call, version, world));

    private static async Task HandleAsync(HttpContext context, string call, string version, SimulatorWorld world)
    {
        if (!await RestRequest.CheckKeyAsync(context, world.Options))
            return;
        var colon = call.LastIndexOf(':');
        var (model, method) = colon < 0 ? (call, "") : (call[..colon], call[(colon + 1)..]);
        if (!ModelList.Text.Contains(model) || method != "generateContent")
        {
            await GoogleError.WriteAsync(context, 404, "NOT_FOUND",
                $"models/{model} is not found for API version {version}, or is not supported for {(method.Length == 0 ? "generateContent" : method)}. Call ListModels to see the list of available models and their supported methods.");
            return;
        }
        using var body = await RestRequest.ReadAsync(context, "GenerateContentRequest");
        if (body is null)
            return;
        var request = body.RootElement;
        if (!request.Get("contents").Items().Any())
        {
            await GoogleError.WriteAsync(context, 400, "INVALID_ARGUMENT", "* GenerateContentRequest.contents: contents is not specified");
            return;
        }
        if (request.Get("generationConfig") is var generation && generation.Get("responseSchema").Exists()
            && generation.Get("responseMimeType").Text() is not ("application/json" or "text/x.enum"))
        {
            await GoogleError.WriteAsync(context, 400, "INVALID_ARGUMENT", "Response schema is only supported with JSON response mime type.");
            return;
        }
        await context.Response.WriteAsJsonAsync(Answer(model, request));
    }

    /// <summary>The response to a valid request. Pure.</summary>
    public static JsonObject Answer(string model, JsonElement request)
    {
        var text = string.Join('\n', request.Get("contents").Items().SelectMany(content => content.Get("parts").Items())
            .Select(part => part.Get("text").Text()).Where(part => part is not null));
        var part = Part(request, text);
        var prompt = Math.Max(1, request.GetRawText().Length / 4);
        var output = Math.Max(1, part.ToJsonString().Length / 4);
        return new JsonObject
        {
            ["candidates"] = new JsonArray(new JsonObject
            {
                ["content"] = new JsonObject { ["parts"] = new JsonArray(part), ["role"] = "model" },
                ["finishReason"] = "STOP",
                ["index"] = 0,
            }),
            ["usageMetadata"] = new JsonObject
            {
                ["promptTokenCount"] = prompt,
                ["candidatesTokenCount"] = output,
                ["totalTokenCount"] = prompt + output,
                ["promptTokensDetails"] = new JsonArray(new JsonObject { ["modality"] = "TEXT", ["tokenCount"] = prompt }),
            },
            ["modelVersion"] = model,
            ["responseId"] = "sim-" + text.Length.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
    }

    private static JsonObject Part(JsonElement request, string text)
    {
        var calling = request.Get("toolConfig").Get("functionCallingConfig");
        if (calling.Get("mode").Text() is "ANY" && ChooseFunction(request, calling) is { } function)
        {
            var schema = function.Get("parameters").Exists() ? function.Get("parameters") : function.Get("parametersJsonSchema");
            var args = schema.Exists() ? SchemaFiller.Fill(schema, "", text) : new JsonObject();
            return new JsonObject { ["functionCall"] = new JsonObject { ["name"] = function.Get("name").Text(), ["args"] = args } };
        }
        var generation = request.Get("generationConfig");
        var response = generation.Get("responseSchema").Exists() ? generation.Get("responseSchema") : generation.Get("responseJsonSchema");
        if (response.Exists())
            return new JsonObject { ["text"] = SchemaFiller.Fill(response, "", text)?.ToJsonString() ?? "null" };
        var lastLine = text.Split('\n')[^1];
        return new JsonObject { ["text"] = "You said: " + lastLine };
    }

    private static JsonElement? ChooseFunction(JsonElement request, JsonElement calling)
    {
        var allowed = calling.Get("allowedFunctionNames").Items().Select(name => name.GetString()).ToHashSet(StringComparer.Ordinal);
        foreach (var declaration in request.Get("tools").Items().SelectMany(tool => tool.Get("functionDeclarations").Items()))
        {
            if (allowed.Count == 0 || allowed.Contains(declaration.Get("name").Text()))
                return declaration;
        }
        return null;
    }
}
