using Gemini.Live.Closes;
using Orchestrator.Silo.Hosting;
using Polly.CircuitBreaker;

namespace Orchestrator.Silo.Tests.Hosting;

/// <summary>When an endpoint is left alone and when it is used again, in virtual time.</summary>
public sealed class EndpointBreakerTests : IDisposable
{
    private readonly BreakerFixture _fixture = new();

    private EndpointBreaker Breaker => _fixture.A;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task FiveFailures_OpenTheCircuit_OfThatEndpointOnly()
    {
        await _fixture.FailAsync(4);
        Assert.Equal(CircuitState.Closed, Breaker.State);
        Assert.Equal(0, _fixture.Gauge("a"));
        await _fixture.FailAsync();
        Assert.Equal(CircuitState.Open, Breaker.State);
        Assert.True(Breaker.IsLeftAlone);
        Assert.Null(Breaker.TryBegin());
        Assert.False(_fixture.Breakers.IsLeftAlone("b"));
        Assert.NotNull(_fixture.Breakers.Of("b").TryBegin());
        Assert.Equal((2, 0), (_fixture.Gauge("a"), _fixture.Gauge("b")));
        Assert.Equal(5, _fixture.Counted("orchestrator.upstream.attempts a failed"));
        Assert.Equal(1, _fixture.Counted("orchestrator.upstream.attempts a refused"));
        Assert.Equal(1, _fixture.Counted("orchestrator.upstream.circuit.opened a network"));
    }

    [Fact]
    public async Task FailuresOfOldTimes_AreForgotten()
    {
        await _fixture.FailAsync(4);
        _fixture.Time.Advance(TimeSpan.FromSeconds(31));
        await _fixture.FailAsync(4);
        Assert.Equal(CircuitState.Closed, Breaker.State);
    }

    [Fact]
    public async Task FailuresAmongEnoughSuccesses_DoNotMatter()
    {
        for (var i = 0; i < 20; i++)
        {
            await _fixture.AttemptAsync(a => a.Opened());
            await _fixture.AttemptAsync(a => a.Opened());
            await _fixture.FailAsync();
        }

        Assert.Equal(CircuitState.Closed, Breaker.State);
        Assert.Equal(40, _fixture.Counted("orchestrator.upstream.attempts a opened"));
    }

    [Fact]
    public async Task Answers_AreNoFailures()
    {
        for (var i = 0; i < 20; i++)
        {
            await _fixture.AttemptAsync(a => a.Answered());
        }

        Assert.Equal(CircuitState.Closed, Breaker.State);
        Assert.Equal(20, _fixture.Counted("orchestrator.upstream.attempts a answered"));
    }

    [Fact]
    public async Task AfterTheBreak_OneMayTry_AndItsSuccessLetsAllIn()
    {
        await _fixture.FailAsync(5);
        _fixture.Time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Null(Breaker.TryBegin());
        _fixture.Time.Advance(TimeSpan.FromSeconds(0.2));

        // Open, but not left alone: else nobody would ever try.
        Assert.Equal(CircuitState.Open, Breaker.State);
        Assert.False(Breaker.IsLeftAlone);

        var probe = Breaker.TryBegin();
        Assert.True(probe!.IsProbe);
        Assert.True(Breaker.IsLeftAlone);
        Assert.Equal(1, _fixture.Gauge("a"));
        Assert.Null(Breaker.TryBegin());

        probe.Opened();
        await probe.Judged;
        Assert.Equal(CircuitState.Closed, Breaker.State);
        Assert.False(Breaker.IsLeftAlone);
        await _fixture.AttemptAsync(a => a.Opened());
        await _fixture.FailAsync(4);
        Assert.Equal(CircuitState.Open, Breaker.State);
    }

    [Fact]
    public async Task ProbesThatFail_DoubleTheBreak_UpToItsBound()
    {
        await _fixture.FailAsync(5);
        foreach (var seconds in new[] { 5, 10, 20, 40, 60, 60 })
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(seconds - 0.1));
            Assert.True(Breaker.IsLeftAlone);
            Assert.Null(Breaker.TryBegin());
            _fixture.Time.Advance(TimeSpan.FromSeconds(0.2));
            Assert.False(Breaker.IsLeftAlone);
            await _fixture.FailAsync();
        }
    }

    [Fact]
    public async Task AfterASuccess_BreaksAreShortAgain()
    {
        await _fixture.FailAsync(5);
        _fixture.Time.Advance(TimeSpan.FromSeconds(6));
        await _fixture.FailAsync();
        _fixture.Time.Advance(TimeSpan.FromSeconds(11));
        await _fixture.AttemptAsync(a => a.Opened());
        await _fixture.FailAsync(5);
        _fixture.Time.Advance(TimeSpan.FromSeconds(5.1));
        Assert.False(Breaker.IsLeftAlone);
    }

    [Fact]
    public async Task Quota_IsLeftAloneForAsLongAsQuotasTake()
    {
        await _fixture.FailAsync(5, CloseCause.Quota);
        _fixture.Time.Advance(CloseVerdict.QuotaWait - TimeSpan.FromSeconds(0.1));
        Assert.True(Breaker.IsLeftAlone);
        _fixture.Time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.False(Breaker.IsLeftAlone);
        Assert.Equal(1, _fixture.Counted("orchestrator.upstream.circuit.opened a quota"));
    }

    [Fact]
    public async Task AttemptWithoutAnEnd_FailsByItself_SoThatAProbeCannotBlockTheEndpoint()
    {
        await _fixture.FailAsync(5);
        _fixture.Time.Advance(TimeSpan.FromSeconds(6));
        var probe = Breaker.TryBegin()!;
        _fixture.Time.Advance(TimeSpan.FromSeconds(15));
        await probe.Judged.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(CircuitState.Open, Breaker.State);
        probe.Opened();
        Assert.Equal(0, _fixture.Counted("orchestrator.upstream.attempts a opened"));
        _fixture.Time.Advance(TimeSpan.FromSeconds(10.1));
        Assert.False(Breaker.IsLeftAlone);
    }

    [Fact]
    public async Task AttemptGivenUp_SoonSaysNothing_AndLateOrAsAProbeIsAFailure()
    {
        await _fixture.AttemptAsync(a => a.Abandoned());
        Assert.Equal(1, _fixture.Counted("orchestrator.upstream.attempts a abandoned"));
        for (var i = 0; i < 4; i++)
        {
            var slow = Breaker.TryBegin()!;
            _fixture.Time.Advance(TimeSpan.FromSeconds(5.1));
            slow.Abandoned();
            await slow.Judged;
        }

        Assert.Equal(CircuitState.Open, Breaker.State);
        _fixture.Time.Advance(TimeSpan.FromSeconds(6));
        await _fixture.AttemptAsync(a => a.Abandoned());
        Assert.Equal(CircuitState.Open, Breaker.State);
        Assert.True(Breaker.IsLeftAlone);
    }

    [Fact]
    public async Task AttemptThatEndsTwice_CountsOnce()
    {
        for (var i = 0; i < 4; i++)
        {
            await _fixture.AttemptAsync(a =>
            {
                a.Failed(CloseCause.Network);
                a.Failed(CloseCause.Network);
                a.Opened();
            });
        }

        Assert.Equal(CircuitState.Closed, Breaker.State);
        Assert.Equal(4, _fixture.Counted("orchestrator.upstream.attempts a failed"));
        Assert.Equal(0, _fixture.Time.Armed);
    }

    [Fact]
    public async Task LinksThatWorkedAndSayThatTheServiceIsAway_OpenTheCircuit()
    {
        for (var i = 0; i < 5; i++)
        {
            await Breaker.WentAway(CloseCause.Unavailable);
        }

        Assert.True(Breaker.IsLeftAlone);
        await Breaker.WentAway(CloseCause.Unavailable);
        Assert.Equal(1, _fixture.Counted("orchestrator.upstream.circuit.opened a unavailable"));
    }
}
