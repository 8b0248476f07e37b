using System.Text.Json;
using System.Text.Json.Nodes;
using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Protocol;
using Gemini.Live.Simulator.Sessions;

namespace Gemini.Live.Simulator.Hosting;

/// <summary>The control surface under <c>/sim/v1</c>: the oracle, faults, knobs and scripts.</summary>
internal static class ControlEndpoints
{
    public static void MapControl(this IEndpointRouteBuilder app, SimulatorWorld world, LiveEndpoint live)
    {
        var sim = app.MapGroup("/sim/v1");
        sim.MapGet("/sessions", () => Ask(world, () => MemoryReport.Sessions(world)));
        sim.MapGet("/sessions/{id}/memory", (string id) => AskSession(world, id, MemoryReport.Memory));
        sim.MapGet("/sessions/{id}/wire", (string id) => AskSession(world, id, MemoryReport.Wire));
        sim.MapGet("/sessions/{id}/audio/user", (string id) => Audio(world, id, MemoryReport.UserAudio));
        sim.MapGet("/sessions/{id}/audio/model", (string id) => Audio(world, id, session => session.ModelAudio.ToArray()));
        sim.MapDelete("/state", () => Ask(world, () =>
        {
            world.Reset();
            return new { };
        }));

        sim.MapGet("/faults", () => Ask(world, () => world.Faults.All.Select(fault => new { rule = fault.Rule, used = fault.Used }).ToList()));
        sim.MapDelete("/faults", () => Change(world, live, () => world.Faults.Replace([])));
        sim.MapPost("/faults", (JsonNode body) => Post<FaultRule>(body, rules => Change(world, live, () => world.Inject(rules))));
        sim.MapGet("/scripts", () => Ask(world, () => world.Scripts.All()));
        sim.MapPost("/scripts", (JsonNode body) => Post<ScriptRule>(body, rules => Change(world, live, () => world.Script(rules))));
        sim.MapDelete("/scripts", () => Change(world, live, () => world.Script([])));
        sim.MapGet("/knobs", () => Ask(world, () => world.Knobs));
        sim.MapPost("/knobs", (JsonObject changes) => Turn(world, changes));
    }

    private static IResult Ask<T>(SimulatorWorld world, Func<T> question)
    {
        lock (world.Gate)
        {
            // Written under the gate: what is read must not move.
            return Results.Text(JsonSerializer.Serialize(question(), SimJson.Options), "application/json");
        }
    }

    private static IResult AskSession(SimulatorWorld world, string id, Func<SimSession, object> question)
    {
        lock (world.Gate)
        {
            return world.FindSession(id) is { } session
                ? Results.Text(JsonSerializer.Serialize(question(session), SimJson.Options), "application/json")
                : Results.NotFound();
        }
    }

    private static IResult Audio(SimulatorWorld world, string id, Func<SimSession, byte[]> read)
    {
        lock (world.Gate)
            return world.FindSession(id) is { } session ? Results.Bytes(read(session), "application/octet-stream") : Results.NotFound();
    }

    private static IResult Change(SimulatorWorld world, LiveEndpoint live, Action change)
    {
        lock (world.Gate)
            change();
        live.Rearm();
        return Results.NoContent();
    }

    /// <summary>One rule or a list of rules.</summary>
    private static IResult Post<T>(JsonNode body, Func<List<T>, IResult> accept)
    {
        try
        {
            var rules = body is JsonArray
                ? body.Deserialize<List<T>>(SimJson.Options)!
                : [body.Deserialize<T>(SimJson.Options)!];
            return accept(rules);
        }
        catch (JsonException error)
        {
            return Results.Problem(error.Message, statusCode: 400);
        }
    }

    private static IResult Turn(SimulatorWorld world, JsonObject changes)
    {
        lock (world.Gate)
        {
            var all = JsonSerializer.SerializeToNode(world.Knobs, SimJson.Options)!.AsObject();
            foreach (var (name, value) in changes)
                all[name] = value?.DeepClone();
            try
            {
                world.Turn(all.Deserialize<SimulatorKnobs>(SimJson.Options)!);
            }
            catch (JsonException error)
            {
                return Results.Problem(error.Message, statusCode: 400);
            }
            return Results.Text(JsonSerializer.Serialize(world.Knobs, SimJson.Options), "application/json");
        }
    }
}
