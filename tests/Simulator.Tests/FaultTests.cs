using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;
using Gemini.Live.Simulator.Sessions;
using Xunit;

namespace Gemini.Live.Simulator.Tests;

/// <summary>Every fault, where it strikes and what the client sees of it.</summary>
public sealed class FaultTests
{
    private readonly VirtualTime _time = new();

    private static SimulatorWorld World(params FaultRule[] faults) => new(new SimulatorOptions
    {
        Scripts = [new ScriptRule { Reply = new ScriptedReply { Text = "one two three four five six seven eight", Seconds = 4 } }],
        Faults = [.. faults],
    });

    private static int Count(VirtualClient client, string part) =>
        client.Frames.Count(frame => frame.Frame.ToJsonString().Contains(part, StringComparison.Ordinal));

    private static void Ask(VirtualClient client) => client.Send("""{"realtimeInput":{"text":"go"}}""");

    [Fact]
    public void Dial_RefusedOrReset_MatchesTheConnection()
    {
        var world = World(
            new FaultRule { Action = FaultAction.RefuseConnect, Connection = 2, Status = 429 },
            new FaultRule { Action = FaultAction.ResetConnect, Connection = 3 });
        var request = new ConnectRequest("v1beta", Constrained: false, "key");

        Assert.IsType<DialVerdict.Accept>(world.Dial(request));
        Assert.Equal(429, Assert.IsType<DialVerdict.Refuse>(world.Dial(request)).Status);
        Assert.IsType<DialVerdict.Reset>(world.Dial(request));
        Assert.IsType<DialVerdict.Accept>(world.Dial(request));
    }

    [Theory]
    [InlineData(FaultPhase.Setup, 0)]
    [InlineData(FaultPhase.Idle, 2_000)]
    [InlineData(FaultPhase.UserSpeech, 4_220)]
    [InlineData(FaultPhase.Awaiting, 5_580)]
    [InlineData(FaultPhase.ModelSpeech, 5_880)]
    public void Close_InEachPhase_StrikesThenAndOnce(FaultPhase phase, double ms)
    {
        var world = World(new FaultRule
        {
            Action = FaultAction.Close,
            Phase = phase,
            AfterMs = phase switch { FaultPhase.Idle => 2_000, FaultPhase.Setup => 0, _ => 200 },
            Code = 1011,
            Reason = "Internal error occurred.",
        });
        var client = VirtualClient.Open(world, _time, more: ""","historyConfig":{"initialHistoryInClientContent":false}""");
        if (phase == FaultPhase.Idle)
        {
            client.Advance(TimeSpan.FromSeconds(5));
        }
        else if (phase != FaultPhase.Setup)
        {
            // 0 ms silence is sent before the words, so that no idle fault is in reach.
            client.Advance(TimeSpan.FromSeconds(4));
            client.SpeakWords(1, 3);
            client.Pause(0.6);
            client.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal((1011, "Internal error occurred."), client.Closed);
        var closedAt = world.ReadSessions() is [{ } session] ? session["connections"]![0]!["closedAt"]?.GetValue<DateTimeOffset>() : null;
        if (phase != FaultPhase.Setup)
            Assert.Equal(ms, (closedAt!.Value - VirtualTime.Start).TotalMilliseconds, 20.0);

        var next = VirtualClient.Open(world, _time);
        Ask(next);
        next.WaitFor("turnComplete");
        Assert.Null(next.Closed);
    }

    [Fact]
    public void Close_InTheToolRound_StrikesWhileTheCallIsOpen()
    {
        var world = new SimulatorWorld(new SimulatorOptions
        {
            Scripts = [new ScriptRule { Reply = new ScriptedReply { Text = "Done", ToolCalls = [new ScriptedCall { Name = "f" }] } }],
            Faults = [new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.ToolRound, AfterMs = 500 }],
        });
        var client = VirtualClient.Open(world, _time, "gemini-3.1-flash-live-preview", ""","tools":[{"functionDeclarations":[{"name":"f"}]}]""");
        Ask(client);
        client.WaitFor("toolCall");
        client.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Null(client.Closed);
        client.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal((1011, "Internal error encountered."), client.Closed);
    }

    [Fact]
    public void Close_InThePlayback_StrikesBetweenGenerationCompleteAndTurnComplete()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.Playback, AfterMs = 100 }), _time);
        Ask(client);
        client.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(1011, client.Closed?.Code);
        Assert.Equal((1, 0), (Count(client, "generationComplete"), Count(client, "turnComplete")));
    }

    [Fact]
    public void Close_InThePlayback_IsNotForWhoIsInterruptedBefore()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.Playback, AfterMs = 500 }), _time);
        Ask(client);
        client.WaitFor("generationComplete");
        Ask(client);
        client.WaitFor("interrupted");
        client.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(client.Closed);
    }

    [Fact]
    public void Abort_ThatLeavesAHalfOpenSocket_RefusesAResumeForAsLong()
    {
        var world = World(new FaultRule { Action = FaultAction.Abort, Phase = FaultPhase.Idle, AfterMs = 100, Ms = 2_000 });
        var client = VirtualClient.Open(world, _time);
        client.Advance(TimeSpan.FromSeconds(1));
        Assert.True(client.Aborted);
        Assert.Equal(1011, VirtualClient.Open(world, _time, handle: client.Handle).Closed?.Code);
        _time.Now += TimeSpan.FromSeconds(1.2);
        Assert.Null(VirtualClient.Open(world, _time, handle: client.Handle).Closed);
    }

    [Theory]
    [InlineData(FaultAction.Stall, "one two three four five six seven eight")]
    [InlineData(FaultAction.EmptyTurn, "one two three four five six seven eight")]
    [InlineData(FaultAction.EarlyTurnComplete, "")]
    public void Rest_OfWhatAFaultWithheld_IsSaidWhenAskedFor(FaultAction action, string rest)
    {
        var world = new SimulatorWorld(new SimulatorOptions
        {
            Scripts =
            [
                new ScriptRule { Contains = "go on", Reply = new ScriptedReply { Rest = true } },
                new ScriptRule { Contains = "go on", Reply = new ScriptedReply { Text = "nothing" } },
                new ScriptRule { Reply = new ScriptedReply { Text = "one two three four five six seven eight", Seconds = 4 } },
            ],
            Faults = [new FaultRule { Action = action }],
        });
        var client = VirtualClient.Open(world, _time);
        Ask(client);
        client.Advance(TimeSpan.FromSeconds(6));
        var before = Said(client);
        client.Send("""{"realtimeInput":{"text":"go on"}}""");
        client.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal("one two three four five six seven eight", Said(client));
        Assert.Equal(rest.Length > 0 ? "" : Said(client)[..before.Length], before);
        client.Send("""{"realtimeInput":{"text":"go on"}}""");
        client.Advance(TimeSpan.FromSeconds(6));
        Assert.EndsWith("nothing", Said(client), StringComparison.Ordinal);
    }

    private static string Said(VirtualClient client) =>
        string.Concat(client.Frames.Select(frame => frame.Frame["serverContent"]?["outputTranscription"]?["text"]?.GetValue<string>() ?? ""));

    [Fact]
    public void Close_InTheReplay_StrikesOnlyOnAResumedConnection()
    {
        var world = World(new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.Replay, AfterFrames = 5 });
        var first = VirtualClient.Open(world, _time);
        first.Pause(1);
        Assert.Null(first.Closed);
        first.Hangup();
        var second = VirtualClient.Open(world, _time, handle: first.Handle);
        second.Pause(0.04);
        Assert.Null(second.Closed);
        second.Pause(1);

        Assert.Equal(1011, second.Closed?.Code);
    }

    [Fact]
    public void Close_AfterFramesOfModelSpeech_CutsTheReply()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.Close, Phase = FaultPhase.ModelSpeech, AfterFrames = 10 }), _time);
        Ask(client);
        client.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal(1011, client.Closed?.Code);
        Assert.InRange(Count(client, "inlineData"), 3, 10);
        Assert.Equal(0, Count(client, "generationComplete"));
    }

    [Fact]
    public void Abort_InModelSpeech_HasNoCloseFrame()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.Abort, Phase = FaultPhase.ModelSpeech, AfterMs = 100 }), _time);
        Ask(client);
        client.Advance(TimeSpan.FromSeconds(5));

        Assert.True(client.Aborted);
        Assert.Null(client.Closed);
    }

    [Fact]
    public void Silence_FromSomeMoment_SendsNothingMore()
    {
        var world = World(new FaultRule { Action = FaultAction.Silence, Phase = FaultPhase.ModelSpeech, AfterMs = 100 });
        var client = VirtualClient.Open(world, _time);
        Ask(client);
        client.Advance(TimeSpan.FromSeconds(1));
        var frames = client.Frames.Count;
        Ask(client);
        client.Advance(TimeSpan.FromMinutes(30));

        Assert.Equal(frames, client.Frames.Count);
        Assert.Null(client.Closed);
    }

    [Theory]
    [InlineData(GoAwayEnd.Deadline, 1011, "Deadline expired before operation could complete.")]
    [InlineData(GoAwayEnd.Aborted, 1008, "The operation was aborted")]
    [InlineData(GoAwayEnd.Nothing, null, null)]
    [InlineData(GoAwayEnd.Silence, null, null)]
    public void GoAway_InTheIdle_EndsAsSaid(GoAwayEnd then, int? code, string? reason)
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.GoAway, Phase = FaultPhase.Idle, AfterMs = 1_000, Ms = 30_000, Then = then }), _time);
        client.Advance(TimeSpan.FromMilliseconds(1_000));
        Assert.Equal("""{"goAway":{"timeLeft":"30s"}}""", client.Frames[^1].Frame.ToJsonString());
        client.Advance(TimeSpan.FromMilliseconds(29_999));
        Assert.Null(client.Closed);
        client.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(code, client.Closed?.Code);
        Assert.Equal(reason, client.Closed?.Reason);
        Ask(client);
        client.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(then == GoAwayEnd.Nothing, Count(client, "turnComplete") > 0);
    }

    [Theory]
    [InlineData(HandleRefusal.InvalidHandle, 1007)]
    [InlineData(HandleRefusal.SessionNotFound, 1008)]
    public void RejectHandle_Once_ThenTheHandleIsGoodAgain(HandleRefusal form, int code)
    {
        var world = World(new FaultRule { Action = FaultAction.RejectHandle, Form = form });
        var first = VirtualClient.Open(world, _time);
        first.Hangup();

        Assert.Equal(code, VirtualClient.Open(world, _time, handle: first.Handle).Closed?.Code);
        Assert.Null(VirtualClient.Open(world, _time, handle: first.Handle).Closed);
    }

    [Fact]
    public void LoseContext_OnResume_LeavesAnEmptyMemoryWithoutAWord()
    {
        var world = World(new FaultRule { Action = FaultAction.LoseContext });
        var first = VirtualClient.Open(world, _time);
        Ask(first);
        first.WaitFor("turnComplete");
        first.WaitFor("newHandle");
        first.Hangup();
        var second = VirtualClient.Open(world, _time, handle: first.Handle);

        Assert.Null(second.Closed);
        Assert.Empty(world.ReadMemory(second.SessionId)!["entries"]!.AsArray());
    }

    [Fact]
    public void DelaySetupComplete_ByItsTime_HoldsTheFirstFrame()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.DelaySetupComplete, Ms = 4_000 }), _time);
        client.Advance(TimeSpan.FromMilliseconds(3_999));
        Assert.Empty(client.Frames);
        client.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, client.Frames.Count);
    }

    [Fact]
    public void Stall_OfOneTurn_IsNotAnsweredAndTheNextIs()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.Stall }), _time);
        Ask(client);
        client.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0, Count(client, "serverContent"));
        Ask(client);
        client.WaitFor("turnComplete");
    }

    [Fact]
    public void EmptyTurn_HasATurnCompleteAndNothingElse()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.EmptyTurn }), _time);
        Ask(client);
        client.WaitFor("turnComplete");

        Assert.Equal(1, Count(client, "serverContent"));
        Assert.Empty(client.Audio());
    }

    [Fact]
    public void EarlyTurnComplete_CutsTheSentence()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.EarlyTurnComplete }), _time);
        Ask(client);
        client.WaitFor("turnComplete");

        Assert.StartsWith("one two", client.Said(), StringComparison.Ordinal);
        Assert.DoesNotContain("eight", client.Said(), StringComparison.Ordinal);
        Assert.Equal(0, Count(client, "generationComplete"));
    }

    [Fact]
    public void RepeatSentence_SaysItAgainInOneTurn()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.RepeatSentence }), _time);
        Ask(client);
        client.WaitFor("turnComplete");

        Assert.Equal("one two three four five six seven eight one two three four five six seven eight", client.Said());
        Assert.Equal(8 * 48_000, client.Audio().Length);
    }

    [Fact]
    public void OmitUsage_LeavesABareTurnComplete()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.OmitUsage }), _time);
        Ask(client);
        Assert.Equal("""{"serverContent":{"turnComplete":true}}""", client.WaitFor("turnComplete").ToJsonString());
    }

    [Fact]
    public void AudioBursts_ComeWithGaps()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.AudioBursts, MinMs = 400, MaxMs = 1_600 }), _time);
        Ask(client);
        client.WaitFor("turnComplete");
        var times = client.Frames.Where(frame => frame.Frame.ToJsonString().Contains("inlineData", StringComparison.Ordinal)).Select(frame => frame.Ms).ToList();

        Assert.Equal(2_000, times.Zip(times.Skip(1), (a, b) => b - a).Max());
        Assert.Equal(10, times.Distinct().Count());
    }

    [Fact]
    public void TranscriptAhead_ComesBeforeTheAudio()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.TranscriptAhead }), _time);
        Ask(client);
        client.WaitFor("inlineData");

        Assert.Equal("one two three four five six seven eight", client.Said());
    }

    [Fact]
    public void DuplicateTranscription_ComesLongAfter()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.DuplicateTranscription, Ms = 55_000 }), _time);
        client.SpeakWords(1, 2);
        client.Pause(0.6);
        client.WaitFor("turnComplete");
        client.Advance(TimeSpan.FromSeconds(54));
        Assert.Equal(" w1 w2", client.Heard());
        client.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(" w1 w2 w1 w2", client.Heard());
    }

    [Fact]
    public void HandleFaults_DelayOrDropIt()
    {
        var world = World();
        var client = VirtualClient.Open(world, _time);
        world.Inject([new FaultRule { Action = FaultAction.LateHandle, Ms = 1_500 }]);
        Ask(client);
        client.WaitFor("turnComplete");
        client.Advance(TimeSpan.FromMilliseconds(1_400));
        Assert.Equal(1, Count(client, "newHandle"));
        client.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(2, Count(client, "newHandle"));

        world.Inject([new FaultRule { Action = FaultAction.MissingHandle }]);
        Ask(client);
        client.WaitFor("turnComplete");
        client.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, Count(client, "newHandle"));
    }

    [Fact]
    public void SpuriousInterrupted_InTheIdle_IsAPairOutOfNothing()
    {
        var world = World();
        var client = VirtualClient.Open(world, _time);
        world.Inject([new FaultRule { Action = FaultAction.SpuriousInterrupted, Phase = FaultPhase.Idle }]);
        client.Rearm();

        Assert.Equal(["interrupted", "turnComplete"], client.Frames.TakeLast(2).Select(frame => frame.Frame["serverContent"]!.AsObject().Single().Key));
    }

    [Fact]
    public void SlowPongs_AreAskedOfTheShell()
    {
        var client = VirtualClient.Open(World(new FaultRule { Action = FaultAction.SlowPongs, MinMs = 8_000, MaxMs = 30_000 }), _time);

        Assert.Equal(new SimOutput.SlowPongs(TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(30)), client.Pongs);
    }

    [Fact]
    public void Rule_ForModelTurnAndTimes_StrikesOnlyThere()
    {
        var world = World(new FaultRule { Action = FaultAction.OmitUsage, Model = "3.8", Turn = 2, Times = 0 });
        foreach (var model in new[] { "gemini-3.8-live", "gemini-2.5-flash-native-audio-latest" })
        {
            var client = VirtualClient.Open(world, _time, model);
            for (var turn = 1; turn <= 3; turn++)
            {
                Ask(client);
                var complete = client.WaitFor("turnComplete");
                Assert.Equal(model.Contains("3.8", StringComparison.Ordinal) && turn == 2, complete["usageMetadata"] is null);
            }
        }
    }
}
