using System.Text;
using Gemini.Live.Simulator.Speech;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Live;
using Orchestrator.Api.Tests.Live;
using Orchestrator.Attach;
using Orchestrator.Silo.Hosting;
using Orchestrator.Testing;

namespace Orchestrator.Api.Tests.Cluster;

/// <summary>Real clients at a live endpoint that has no conversations of its own: they are reached over the internal link.</summary>
public sealed class FrontEndTests : IAsyncLifetime
{
    private readonly TempDirectory _keys = new();
    private LiveFixture _silo = null!;
    private LinkFixture _link = null!;
    private WebApplication _front = null!;

    public async ValueTask InitializeAsync()
    {
        _silo = await LiveFixture.StartAsync();
        _link = new LinkFixture(_silo.App.Services.GetRequiredService<ConversationHost>());
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration["Orchestrator:Tenants:0:Id"] = "acme";
        builder.Configuration["Orchestrator:Tenants:0:ApiKeys:0"] = LiveFixture.Key;
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IConversationHost>(_link.Remote);
        builder.Services.AddTenantAuth(builder.Configuration, _keys.Path);
        builder.Services.AddLiveEndpoint();
        _front = builder.Build();
        _front.UseSingleLeadingSlash();
        _front.UseRouting();
        _front.MapLive();
        await _front.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _front.DisposeAsync();
        await _link.DisposeAsync();
        await _silo.DisposeAsync();
        _keys.Dispose();
    }

    [Fact]
    public async Task Conversation_IsTheSame_AsInOneProcess()
    {
        await using var client = await ConnectAsync();
        await client.SetUpAsync();
        await client.SpeakAsync(TestSpeech.Words(0, 4));
        await client.TurnCompleteAsync();
        Assert.True(client.Audio.Length > 0);
        Assert.Equal(await _silo.ModelAudioAsync(), client.Audio.ToArray());
        Assert.Contains("w0 w1 w2 w3", (await _silo.RestAsync($"/{client.ConversationId}/transcript")).GetRawText(), StringComparison.Ordinal);
        Assert.True(_link.Network.BytesToClient > client.Audio.Length, "It did not go over the link.");
    }

    [Fact]
    public async Task Client_OfALostConnection_ResumesWhereItWas()
    {
        await using var first = await ConnectAsync();
        await first.SetUpAsync();
        await first.SpeakAsync(TestSpeech.Words(0, 3));
        await first.TurnCompleteAsync();
        _link.Network.Reset();
        Assert.Equal(1011, (await first.EndAsync()).Code);

        await using var second = await ConnectAsync();
        await second.SetUpAsync(handle: first.Handle);
        Assert.Equal(first.ConversationId, second.ConversationId);
        await second.SpeakAsync(TestSpeech.Words(3, 3));
        // Not the turn's end, which the client may hear again: it had no time to confirm the first one.
        await Patience.Until(
            async () => (await _silo.RestAsync($"/{first.ConversationId}/transcript")).GetRawText() is var text
                && text.Contains("w0 w1 w2", StringComparison.Ordinal) && text.Contains("w3 w4 w5", StringComparison.Ordinal),
            "both turns in the transcript");
        Assert.Equal(1, await _silo.ConnectionsAsync());
    }

    [Fact]
    public async Task NewestClient_Wins_OverTheLink_Too()
    {
        await using var first = await ConnectAsync();
        await first.SetUpAsync();
        await using var second = await ConnectAsync();
        await second.SetUpAsync(handle: await first.HandleAsync());
        Assert.Equal(1008, (await first.EndAsync()).Code);
        await second.SpeakAsync(TestSpeech.Words(0, 3));
        await second.TurnCompleteAsync();
    }

    [Fact]
    public async Task Restart_OfTheSilo_TellsClientsToResume()
    {
        await using var client = await ConnectAsync();
        await client.SetUpAsync();
        await _silo.App.Services.GetRequiredService<ConversationHost>().StopAsync();
        Assert.Equal(1012, (await client.EndAsync()).Code);
    }

    /// <summary>Whoever keeps the client's input must know it by the grain's numbers, whatever the grain leaves out of it.</summary>
    [Fact]
    public async Task InputPositions_OfEdgeAndGrain_StayAlike_AlsoBehindARepeatedHistory()
    {
        var request = LinkFixture.Request() with { SetupFrame = Encoding.UTF8.GetBytes(RawLiveClient.SetupJson()) };
        var (attachment, first) = await AttachAsync(request);
        Assert.Equal((1, 1), (attachment.Generation, attachment.NextInput));
        await attachment.PushAsync(Frame("""{"realtimeInput":{"text":"my name is Ada"}}""", InputTraits.Text));
        await TurnCompleteAsync(first);

        (attachment, var second) = await AttachAsync(request with { Resume = true });
        Assert.Equal((2, 2), (attachment.Generation, attachment.NextInput));
        await attachment.PushAsync(Frame(
            """{"clientContent":{"turns":[{"role":"user","parts":[{"text":"my name is Ada"}]},{"role":"model","parts":[{"text":"yes of course"}]}],"turnComplete":false}}""",
            InputTraits.ClientContent));
        await attachment.PushAsync(Frame("""{"realtimeInput":{"text":"and yours"}}""", InputTraits.Text));
        await TurnCompleteAsync(second);
        Assert.DoesNotContain("\"content\"", await _silo.MemoryAsync(), StringComparison.Ordinal);

        (attachment, _) = await AttachAsync(request with { Resume = true });
        Assert.Equal((3, 4), (attachment.Generation, attachment.NextInput));
    }

    private static InputFrame Frame(string json, InputTraits traits) => new(Encoding.UTF8.GetBytes(json), traits, 0);

    /// <summary>The end of a turn, and with it the client's word that everything arrived: nothing is to be heard again.</summary>
    private static async Task TurnCompleteAsync(RecordingEdge edge)
    {
        string heard;
        do
        {
            heard = await edge.NextAsync();
        }
        while (!heard.Contains("TurnComplete", StringComparison.Ordinal));
        edge.Attachment!.Acknowledge(long.Parse(heard.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private async Task<(IAttachment Attachment, RecordingEdge Edge)> AttachAsync(AttachRequest request)
    {
        var edge = new RecordingEdge();
        var outcome = await Patience.For(_link.Remote.AttachAsync(request, edge, CancellationToken.None), "an attach");
        return (Assert.IsType<AttachOutcome.Attached>(outcome).Attachment, edge);
    }

    private Task<RawLiveClient> ConnectAsync() => RawLiveClient.ConnectAsync(_front.Urls.First());
}
