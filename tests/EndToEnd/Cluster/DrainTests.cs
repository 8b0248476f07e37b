using System.Net;
using System.Net.Http.Headers;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd.Cluster;

/// <summary>An operator empties processes: a silo through the front-end, a front-end by a signal.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task Silo_DrainedThroughTheApi_LeavesInOrder_AndItsConversationGoesOn()
    {
        using var folder = new TempDirectory();
        await using var world = await ClusterWorld.StartAsync(silos: 1, frontEnds: 1, World.Says("One answer.", seconds: 0.3));
        var speech = await Recordings.PcmAsync(folder);
        await using var client = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await client.SetUpAsync();
        await client.SpeakAsync(speech);
        await client.TurnCompleteAsync();
        var other = await world.AddSiloAsync("silo-2");

        using var http = new HttpClient { BaseAddress = new Uri(world.FrontEnds[0].Url) };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/admin/v1/silos")).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClusterWorld.AdminKey);
        var listed = await http.GetStringAsync("/admin/v1/silos");
        Assert.Contains("silo-1", listed, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.PostAsync("/admin/v1/silos/silo-9/drain", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, (await http.PostAsync("/admin/v1/silos/silo-1/drain", null)).StatusCode);
        Assert.Equal(0, await world.Silos[0].Child.ExitAsync());

        await client.SpeakAsync(speech);
        await client.TurnCompleteAsync();
        Assert.False(client.Ended.IsCompleted);
        Assert.Equal(2, (await world.FrontEnds[0].Api().TurnsAsync(client.ConversationId)).Count);
        Assert.False(other.Child.HasExited);
    }

    [Fact]
    public async Task FrontEnd_ThatStops_SendsClientsAwayWithGoAway_AndWaitsForThoseWhoCannotComeBack()
    {
        using var folder = new TempDirectory();
        await using var world = await ClusterWorld.StartAsync(silos: 1, frontEnds: 2, World.Says("One answer.", seconds: 0.3));
        var speech = await Recordings.PcmAsync(folder);
        await using var client = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await client.SetUpAsync();
        await using var stays = await RawLiveClient.ConnectAsync(world.FrontEnds[0].Url);
        await stays.SetUpAsync(resumable: false);
        await client.SpeakAsync(speech);
        await client.TurnCompleteAsync();

        world.FrontEnds[0].Child.Send(Signal.Terminate);
        var goAway = await client.NextAsync(message => message.TryGetProperty("goAway", out _), "goAway");
        Assert.Equal("5s", goAway.GetProperty("goAway").GetProperty("timeLeft").GetString());
        var end = await client.EndAsync();
        Assert.Equal(1012, end.Code);
        await using var back = await RawLiveClient.ConnectAsync(world.FrontEnds[1].Url);
        await back.SetUpAsync(handle: client.Handle);
        Assert.Equal(client.ConversationId, back.ConversationId);

        await stays.SpeakAsync(speech);
        await stays.TurnCompleteAsync();
        await stays.CloseAsync();
        Assert.Equal(0, await world.FrontEnds[0].Child.ExitAsync());
    }
}
