using System.Net.WebSockets;
using System.Text;
using Orchestrator.EndToEnd.Speech;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>A server, and beside every bad client a good conversation that must not notice.</summary>
public sealed class Neighbourhood : IAsyncLifetime
{
    private readonly TempDirectory folder = new();
    private readonly CancellationTokenSource stopping = new();
    private World? world;
    private Task talking = Task.CompletedTask;
    private int turns;
    private TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public World World => world!;

    public byte[] Speech { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        world = await World.StartAsync(null, World.Says("Fine, thank you.", seconds: 0.4, delayMs: 50));
        Speech = (await Recordings.PcmAsync(folder))[..16000];
        talking = TalkAsync();
    }

    /// <summary>Passes when the good conversation has a whole turn from now on.</summary>
    public async Task IsUndisturbedAsync()
    {
        for (var i = 0; i < 2; i++)
        {
            await Patience.For(Task.WhenAny(next.Task, talking).Unwrap(), $"turn {turns + 1} of the good conversation");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await talking;
        await World.DisposeAsync();
        folder.Dispose();
        stopping.Dispose();
    }

    private async Task TalkAsync()
    {
        await using var client = await RawLiveClient.ConnectAsync(World.Orchestrator.Url);
        await client.SetUpAsync();
        while (!stopping.IsCancellationRequested)
        {
            await client.SpeakAsync(Speech);
            await client.TurnCompleteAsync();
            turns++;
            Interlocked.Exchange(ref next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
        var transcript = await World.Orchestrator.Api().TurnsAsync(client.ConversationId);
        Assert.Equal(turns, transcript.Count);
    }
}

public sealed class BadInputTests(Neighbourhood beside) : IClassFixture<Neighbourhood>
{
    private string Url => beside.World.Orchestrator.Url;

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Key_WrongOrMissing_Is401BeforeTheUpgrade(string? key)
    {
        Assert.Equal(401, await RawLiveClient.RefusedStatusAsync(Url, key));
        Assert.Equal(401, await RawLiveClient.RefusedStatusAsync(Url, null, query: $"?key={key}"));
        await beside.IsUndisturbedAsync();
    }

    [Fact]
    public async Task Key_InTheQueryAsJavaScriptClientsSendIt_IsAccepted() =>
        Assert.Null(await RawLiveClient.RefusedStatusAsync(Url, null, query: "?key=acme-key"));

    [Theory]
    [InlineData("{\"setup\":{\"model\":")]
    [InlineData("not json at all")]
    [InlineData("[]")]
    [InlineData("\"setup\"")]
    [InlineData("{\"setup\":{\"model\":\"models/gemini-3.8-live\"}} trailing")]
    [InlineData("")]
    public Task FirstFrame_ThatIsNoJsonObject_IsClosed1007(string frame) => IsClosedAsync(1007, "", frame);

    [Fact]
    public Task Setup_WithAnUnknownField_IsClosed1007WithItsName() =>
        IsClosedAsync(1007, "Unknown name \"enableAffectiveDialog\"", """{"setup":{"model":"models/gemini-3.8-live","enableAffectiveDialog":true}}""");

    [Fact]
    public Task FirstFrame_ThatIsNoKnownMessage_IsClosed1007WithItsName() =>
        IsClosedAsync(1007, "config", """{"config":{"model":"models/gemini-3.8-live"}}""");

    [Fact]
    public Task Setup_WithoutAModel_IsClosed1007() => IsClosedAsync(1007, "", """{"setup":{}}""");

    [Theory]
    [InlineData("""{"realtimeInput":{"activityStart":{}}}""")]
    [InlineData("""{"clientContent":{"turnComplete":true}}""")]
    public Task Frame_BeforeSetup_IsClosed1007(string frame) => IsClosedAsync(1007, "setup", frame);

    [Fact]
    public Task SecondSetup_IsClosed1007() => IsClosedAsync(1007, "setup", RawLiveClient.SetupJson(), RawLiveClient.SetupJson());

    [Fact]
    public Task UnknownField_InMidConversation_IsClosed1007WithItsName() =>
        IsClosedAsync(1007, "Unknown name", RawLiveClient.SetupJson(), """{"realtimeInput":{"sound":{"data":"AAAA"}}}""");

    [Fact]
    public Task WrongJson_InMidConversation_IsClosed1007() => IsClosedAsync(1007, "", RawLiveClient.SetupJson(), "{\"realtimeInput\":{");

    [Fact]
    public async Task Garbage_InABinaryFrame_IsClosed1007()
    {
        var garbage = new byte[5000];
        new Random(7).NextBytes(garbage);
        await using var client = await RawLiveClient.ConnectAsync(Url);
        await client.SendAsync(garbage, WebSocketMessageType.Binary);
        await ClosesAsync(client, 1007, "");

        await using var later = await RawLiveClient.ConnectAsync(Url);
        await later.SetUpAsync();
        await later.SendAsync(garbage, WebSocketMessageType.Binary);
        await ClosesAsync(later, 1007, "");
    }

    [Fact]
    public async Task Frame_OverTheLimit_IsClosed1009()
    {
        await using var client = await RawLiveClient.ConnectAsync(Url);
        await client.SetUpAsync();
        var frame = new byte[5 * 1024 * 1024];
        Array.Fill(frame, (byte)' ');
        try
        {
            await client.SendAsync(frame, WebSocketMessageType.Text);
        }
        catch (WebSocketException)
        {
            // It may close before it has read everything; the reason is what counts.
        }
        await ClosesAsync(client, 1009, "");
    }

    [Fact]
    public async Task Setup_ThatNeverComes_IsClosedAfterTenSeconds()
    {
        await using var client = await RawLiveClient.ConnectAsync(Url);
        var begun = TimeProvider.System.GetTimestamp();

        var end = await client.EndAsync();

        Assert.InRange(TimeProvider.System.GetElapsedTime(begun).TotalSeconds, 9, 20);
        Assert.NotNull(end.Code);
        Assert.Contains("setup", end.Reason, StringComparison.OrdinalIgnoreCase);
        await beside.IsUndisturbedAsync();
    }

    [Fact]
    public async Task Handle_ForgedForeignOrCutShort_ReadsLikeAnUnknownOne()
    {
        await using var owner = await RawLiveClient.ConnectAsync(Url);
        await owner.SetUpAsync();
        await owner.NextAsync(m => m.TryGetProperty("sessionResumptionUpdate", out _), "a handle");
        var good = owner.Handle!;
        var flipped = good[..^3] + (good[^3] == 'A' ? 'B' : 'A') + good[^2..];

        foreach (var (handle, key) in new[] { (flipped, "acme-key"), (good[..^4], "acme-key"), ("0b6e7c1e-5a0e-4d0e-9f53-2f6a6a1f0c11", "acme-key"), (good, "globex-key") })
        {
            await using var thief = await RawLiveClient.ConnectAsync(Url, key);
            await thief.SendAsync(RawLiveClient.SetupJson(handle: handle));
            await ClosesAsync(thief, 1008, "BidiGenerateContent session not found");
        }
        await owner.SpeakAsync(beside.Speech);
        await owner.TurnCompleteAsync();
    }

    [Fact]
    public async Task Model_ThatDoesNotExist_IsClosedWithUpstreamsWords()
    {
        await using var client = await RawLiveClient.ConnectAsync(Url);
        await client.SendAsync(RawLiveClient.SetupJson("gemini-0.1-telegraph"));
        var end = await client.EndAsync();

        Assert.Equal(1008, end.Code);
        Assert.Contains("gemini-0.1-telegraph", end.Reason, StringComparison.Ordinal);
        await beside.IsUndisturbedAsync();
    }

    private async Task IsClosedAsync(int code, string reason, params string[] frames)
    {
        await using var client = await RawLiveClient.ConnectAsync(Url);
        foreach (var frame in frames)
        {
            await client.SendAsync(Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text);
        }
        await ClosesAsync(client, code, reason);
    }

    private async Task ClosesAsync(RawLiveClient client, int code, string reason)
    {
        var end = await client.EndAsync();
        Assert.True(end.Code is not null, $"No close frame: {end.Reason}");
        Assert.Equal(code, end.Code);
        Assert.NotEqual("", end.Reason);
        Assert.Contains(reason, end.Reason, StringComparison.Ordinal);
        await beside.IsUndisturbedAsync();
    }
}
