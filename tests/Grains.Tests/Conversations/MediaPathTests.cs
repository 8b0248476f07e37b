using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Turns;
using Xunit;

namespace Orchestrator.Grains.Tests.Conversations;

/// <summary>What is counted of steady audio, and when it becomes a decision.</summary>
public sealed class MediaPathTests
{
    private const InputTraits Voice = InputTraits.Audio | InputTraits.Voiced;

    [Fact]
    public void Voice_IsTimedFromTheBeginningOfItsFirstFrame()
    {
        var state = State();
        MediaPath.ObserveInput(state, 1, Voice, audioMs: 20, nowMs: 500);
        MediaPath.ObserveInput(state, 2, Voice, audioMs: 20, nowMs: 520);
        Assert.Equal((480, 520, 40, 0), (state.Media.FirstVoicedAt, state.Media.LastVoicedAt, state.Media.VoicedMs, state.Media.QuietMs));
        var first = State();
        MediaPath.ObserveInput(first, 1, Voice, audioMs: 100, nowMs: 20);
        Assert.Equal(1, first.Media.FirstVoicedAt);
    }

    [Fact]
    public void Silence_IsCountedFromTheLastVoice()
    {
        var state = State();
        MediaPath.ObserveInput(state, 1, InputTraits.Audio, 300, 300);
        MediaPath.ObserveInput(state, 2, Voice, 20, 320);
        MediaPath.ObserveInput(state, 3, InputTraits.Audio, 30, 350);
        Assert.Equal((30, 3, 2), (state.Media.QuietMs, state.Media.LastInput, state.Media.LastMeaningful));
    }

    [Theory]
    [InlineData(InputTraits.Audio, false, 0)]
    [InlineData(InputTraits.Video, false, 0)]
    [InlineData(InputTraits.ToolResponse, false, 0)]
    [InlineData(Voice, false, 1)]
    [InlineData(InputTraits.Text, false, 1)]
    [InlineData(InputTraits.Audio, true, 1)]
    [InlineData(InputTraits.Video, true, 1)]
    [InlineData(InputTraits.ToolResponse, true, 0)]
    public void Meaning_IsInWordsAndMarks_AndInAllOfAnActivity(InputTraits traits, bool activity, long expected)
    {
        var state = State() with { ActivityOpen = activity };
        MediaPath.ObserveInput(state, 1, traits, 20, 100);
        Assert.Equal(expected, state.Media.LastMeaningful);
    }

    [Fact]
    public void Silence_ThatIsLongEnough_EndsTheUsersTurn_OnceItIs()
    {
        var state = State() with { Turn = TurnState.UserSpeaking.Instance };
        Assert.False(MediaPath.ObserveInput(state, 1, Voice, 20, 100));
        Assert.False(MediaPath.ObserveInput(state, 2, InputTraits.Audio, 799, 899));
        Assert.True(MediaPath.ObserveInput(state, 3, InputTraits.Audio, 1, 900));
    }

    [Fact]
    public void Voice_BeginsATurn_UnlessTheClientMarksThem()
    {
        Assert.True(MediaPath.ObserveInput(State(), 1, Voice, 20, 100));
        Assert.False(MediaPath.ObserveInput(State(), 1, InputTraits.Audio, 20, 100));
        Assert.True(MediaPath.ObserveInput(State() with { Turn = new TurnState.AwaitingModel(0) }, 1, Voice, 20, 100));
        Assert.False(MediaPath.ObserveInput(State() with { Turn = TurnState.ModelSpeaking.Instance }, 1, Voice, 20, 100));
        Assert.False(MediaPath.ObserveInput(State(manual: true), 1, Voice, 20, 100));
    }

    [Fact]
    public void Hold_IsEndedByVoice_AndByAnythingOnceItIsOverdue()
    {
        var speaking = State() with { Turn = TurnState.ModelSpeaking.Instance, Hold = new CheckpointHold(0, Overdue: false) };
        Assert.False(MediaPath.ObserveInput(speaking, 1, InputTraits.Audio, 20, 100));
        Assert.True(MediaPath.ObserveInput(speaking, 2, Voice, 20, 100));
        Assert.True(MediaPath.ObserveInput(speaking with { Hold = new CheckpointHold(0, Overdue: true) }, 3, InputTraits.Audio, 20, 100));
    }

    [Theory]
    [InlineData(399, 1)]
    [InlineData(400, 20)]
    public void Pause_OfFourHundredMilliseconds_MakesTwoUtterances(int pauseMs, long start)
    {
        var state = State();
        MediaPath.ObserveInput(state, 1, Voice, 20, 100);
        MediaPath.ObserveInput(state, 18, InputTraits.Audio, pauseMs, 600);
        MediaPath.ObserveInput(state, 19, InputTraits.Audio, 0, 600);
        MediaPath.ObserveInput(state, 20, Voice, 20, 620);
        Assert.Equal(start, state.Media.Said.NewestSent(20)!.Value.Start);
    }

    [Fact]
    public void Activity_IsOneUtterance_WhateverItsPauses()
    {
        var state = State(manual: true);
        MediaPath.ObserveInput(state, 1, InputTraits.ActivityStart, 0, 100);
        state = state with { ActivityOpen = true };
        MediaPath.ObserveInput(state, 2, Voice, 20, 120);
        MediaPath.ObserveInput(state, 3, InputTraits.Audio, 2_000, 2_120);
        MediaPath.ObserveInput(state, 4, Voice, 20, 2_140);
        MediaPath.ObserveInput(state, 5, InputTraits.ActivityEnd, 0, 2_160);
        Assert.Equal(new UserSpan(1, 5, 0) { AudioMs = 2_040 }, state.Media.Said.NewestSent(5));
        state = state with { ActivityOpen = false };
        MediaPath.ObserveInput(state, 6, Voice, 20, 2_180);
        Assert.Equal(1, state.Media.Said.NewestSent(6)!.Value.Start);
        MediaPath.ObserveInput(state, 7, InputTraits.ActivityStart, 0, 2_200);
        Assert.Equal(7, state.Media.Said.NewestSent(7)!.Value.Start);
    }

    [Fact]
    public void Output_IsCounted_WhenItIsOnlyMoreOfTheSame()
    {
        var state = State() with { Turn = TurnState.ModelSpeaking.Instance, Link = new Grains.Recovery.LinkState.Live(3, new Grains.Recovery.ResumePlan.Fresh("primary", 0)) };
        const ServerParts Audio = ServerParts.ServerContent | ServerParts.ModelAudio;
        Assert.True(MediaPath.ObserveOutput(state, 3, Audio, 40, 700));
        Assert.True(MediaPath.ObserveOutput(state, 3, Audio, 40, 710));
        Assert.Equal((700, 80), (state.Media.FirstSpokenAt, state.Media.SpokenMs));
        Assert.False(MediaPath.ObserveOutput(state, 2, Audio, 40, 720));
        Assert.False(MediaPath.ObserveOutput(state, 3, Audio | ServerParts.TurnComplete, 40, 720));
        Assert.False(MediaPath.ObserveOutput(state with { Turn = TurnState.Idle.Instance }, 3, Audio, 40, 720));
        Assert.Equal(80, state.Media.SpokenMs);
    }

    private static ConversationState State(bool manual = false) => new() { Rules = new ConversationRules(manual, SilenceMs: 800, InitialHistory: false, ["primary"], "hash") };
}
