using System.Text;
using Gemini.Live.Links;
using Orchestrator.Grains.Actor;
using Orchestrator.Silo.Hosting;
using Polly.CircuitBreaker;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>What of a link's life counts against its endpoint.</summary>
public sealed class GuardedLinkTests : IDisposable
{
    private const string Fresh = """{"setup":{"model":"models/m","sessionResumption":{}}}""";
    private const string Resumed = """{"setup":{"model":"models/m","sessionResumption":{"handle":"h"}}}""";

    private readonly BreakerFixture _fixture = new(new BreakerOptions { MinimumAttempts = 2, FailureRatio = 1 });

    public void Dispose() => _fixture.Dispose();

    /// <summary>How a link ends before setupComplete, whether it resumed, and what that is.</summary>
    public static TheoryData<LinkLossKind, int?, string, bool, string> BeforeSetup => new()
    {
        { LinkLossKind.DialRefused, 500, "", false, "failed" },
        { LinkLossKind.DialRefused, 503, "", true, "failed" },
        { LinkLossKind.DialRefused, 429, "", false, "failed" },
        { LinkLossKind.DialRefused, 401, "", false, "answered" },
        { LinkLossKind.DialRefused, 404, "", false, "answered" },
        { LinkLossKind.DialFailed, null, "No answer within 10 s.", false, "failed" },
        { LinkLossKind.NetworkLost, null, "reset", false, "failed" },
        { LinkLossKind.CloseFrame, 1011, "Internal error encountered.", false, "failed" },
        { LinkLossKind.CloseFrame, 1011, "Deadline expired before operation could complete.", false, "failed" },
        { LinkLossKind.CloseFrame, 1011, "The service is currently unavailable.", true, "failed" },
        { LinkLossKind.CloseFrame, 1011, "You exceeded your current quota", true, "failed" },
        { LinkLossKind.CloseFrame, 1011, "Internal error encountered.", true, "answered" }, // perhaps the old socket
        { LinkLossKind.CloseFrame, 1007, "Request contains an invalid argument.", false, "answered" },
        { LinkLossKind.CloseFrame, 1007, "API key not valid. Please pass a valid API key.", false, "answered" },
        { LinkLossKind.CloseFrame, 1008, "Requested entity was not found.", true, "answered" },
        { LinkLossKind.CloseFrame, 1008, "models/m is not found for API version v1beta", false, "answered" },
        { LinkLossKind.ClosedByUs, null, "", false, "abandoned" },
    };

    [Theory]
    [MemberData(nameof(BeforeSetup))]
    public async Task Loss_BeforeSetupComplete_IsJudgedByWhatItSays(LinkLossKind kind, int? number, string reason, bool resumed, string outcome)
    {
        var link = Open(resumed ? Resumed : Fresh);
        var loss = kind == LinkLossKind.DialRefused ? new LinkLoss(kind, null, reason, number) : new LinkLoss(kind, number, reason);
        link.End(loss);
        await link.Attempted(outcome);
        Assert.Equal([loss], link.Losses);
    }

    [Fact]
    public async Task SetupComplete_IsSuccess_WhateverComesAfter()
    {
        for (var i = 0; i < 3; i++)
        {
            var link = Open(Fresh);
            link.Say("{}");
            link.Say("""{"setupComplete":{"sessionId":"x"}}""");
            link.Say("""{"serverContent":{"turnComplete":true}}""");
            link.End(new LinkLoss(LinkLossKind.CloseFrame, 1011, "Internal error encountered."));
            await link.Attempted("opened", i + 1);
            Assert.Equal(3, link.Frames.Count);
        }

        Assert.Equal(CircuitState.Closed, _fixture.A.State);
        Assert.Equal(0, _fixture.Counted("orchestrator.upstream.attempts a failed"));
    }

    [Theory]
    [InlineData("The service is currently unavailable.")]
    [InlineData("Quota exceeded for requests")]
    public async Task LiveLink_ThatEndsInAnOutage_CountsAsAFailure(string reason)
    {
        var link = Open(Fresh);
        link.Say("""{"setupComplete":{}}""");
        await link.Attempted("opened");
        link.End(new LinkLoss(LinkLossKind.CloseFrame, 1011, reason));
        await link.Attempted("failed");
    }

    [Fact]
    public async Task Close_BeforeSetupComplete_GivesTheAttemptUp_AndClosesTheLink()
    {
        var link = Open(Fresh);
        link.Link.Close();
        Assert.True(link.IsClosed);
        await link.Attempted("abandoned");
    }

    [Fact]
    public async Task Frames_ToUpstream_PassThrough()
    {
        var link = Open(Fresh);
        await link.Link.SendAsync("up"u8.ToArray());
        Assert.Equal(["up"], link.Sent);
    }

    [Fact]
    public async Task OpenCircuit_EndsTheLinkWithoutADial()
    {
        await _fixture.FailAsync(2);
        var link = Open(Fresh);
        var loss = await link.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(LinkLossKind.CircuitOpen, loss.Kind);
        Assert.Equal("The endpoint a is left alone, because it keeps failing.", loss.Reason);
        Assert.False(link.IsDialled);
        link.Link.Close();
    }

    [Fact]
    public void VertexLink_SpeaksTheWordsOfTheDeveloperApi_FrameByFrame()
    {
        var link = new Dialled(_fixture, Encoding.UTF8.GetBytes(Fresh), UpstreamDialect.Vertex);
        link.Say("""{"setupComplete":{"sessionId":"x"}}""");
        link.Say("""{"serverContent":{"turnComplete":true},"usageMetadata":{"candidatesTokenCount":5}}""");
        link.Say("""{"serverContent":{"turnComplete":true},"usageMetadata":{"candidatesTokenCount":6}}""");
        Assert.Equal(
            ["""{"setupComplete":{"sessionId":"x"}}""", """{"serverContent":{"turnComplete":true},"usageMetadata":{"responseTokenCount":5}}""", """{"serverContent":{"turnComplete":true},"usageMetadata":{"responseTokenCount":6}}"""],
            link.Frames);
    }

    private Dialled Open(string setup) => new(_fixture, Encoding.UTF8.GetBytes(setup));

    /// <summary>Upstream below the guard and the shell above it.</summary>
    private sealed class Dialled : IUpstreamLink, IUpstreamReceiver
    {
        private readonly BreakerFixture _fixture;
        private IUpstreamReceiver? _guard;

        public Dialled(BreakerFixture fixture, byte[] setup, UpstreamDialect dialect = UpstreamDialect.Developer)
        {
            _fixture = fixture;
            Link = fixture.Breakers.Open(7, BreakerFixture.Endpoint("a") with { Dialect = dialect }, setup, this, guard =>
            {
                _guard = guard;
                return this;
            });
        }

        public IUpstreamLink Link { get; }

        public List<string> Frames { get; } = [];

        public List<string> Sent { get; } = [];

        public List<LinkLoss> Losses { get; } = [];

        public TaskCompletionSource<LinkLoss> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsClosed { get; private set; }

        public bool IsDialled => _guard is not null;

        public void Say(string frame) => _guard!.LinkReceived(7, Encoding.UTF8.GetBytes(frame));

        public void End(LinkLoss loss) => _guard!.LinkClosed(7, loss);

        /// <summary>Waits until so many attempts have ended like that.</summary>
        public Task Attempted(string outcome, int times = 1) => _fixture.CountedAsync($"orchestrator.upstream.attempts a {outcome}", times);

        ValueTask IUpstreamLink.SendAsync(ReadOnlySpan<byte> frame)
        {
            Sent.Add(Encoding.UTF8.GetString(frame));
            return ValueTask.CompletedTask;
        }

        void IUpstreamLink.Close() => IsClosed = true;

        void IUpstreamReceiver.LinkReceived(int link, ReadOnlyMemory<byte> frame)
        {
            Assert.Equal(7, link);
            Frames.Add(Encoding.UTF8.GetString(frame.Span));
        }

        void IUpstreamReceiver.LinkClosed(int link, LinkLoss loss)
        {
            Assert.Equal(7, link);
            Losses.Add(loss);
            Ended.TrySetResult(loss);
        }
    }
}
