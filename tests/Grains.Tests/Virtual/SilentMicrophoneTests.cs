using Gemini.Live.Simulator.Speech;
using Xunit;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>A microphone that is open for half an hour while nobody speaks.</summary>
public sealed class SilentMicrophoneTests
{
    /// <summary>2 s of base64 frames of 20 ms, and what a pooled log may hold beside them.</summary>
    private const long TwoSeconds = 2 * 50 * 960;

    [Theory]
    [InlineData(0, 60)]
    [InlineData(35, 60)]
    [InlineData(0, 10)]
    [InlineData(35, 10)]
    public void Silence_OfHalfAnHour_LeavesTheLogSmallAndTheNextWordWhole(int noise, int capMinutes)
    {
        SynchronizationContext.SetSynchronizationContext(null);
        var conversation = new VirtualConversation(new Schedule { Noise = (short)noise, ConnectionCap = TimeSpan.FromMinutes(capMinutes) });
        conversation.Attach();
        conversation.Say(2);
        Assert.True(conversation.RunUntil(conversation.IsAnswered, 30_000.Ms()));
        conversation.Run(TimeSpan.FromMinutes(1));
        for (var minute = 0; minute < 30; minute++)
        {
            conversation.Run(TimeSpan.FromMinutes(1));
            Assert.InRange(conversation.Logged.Input, 0, TwoSeconds);
            Assert.InRange(conversation.Logged.Output, 0, 4 << 20);
        }

        conversation.Say(1);
        Assert.True(conversation.RunUntil(conversation.IsAnswered, 30_000.Ms()));
        conversation.Run(2_000.Ms());
        Assert.Null(conversation.Client.Closed);
        var sessions = conversation.World.ReadSessions();
        Assert.Equal(["w1001", "w1002", "w1003"], TestSpeech.Decode(conversation.World.ReadUserAudio((string)sessions[^1]!["session"]!)!));
    }

    /// <summary>Nothing was ever said: the log must not keep what nobody said either.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(150)]
    [InlineData(290)]
    [InlineData(600)]
    public void Silence_BeforeTheFirstTurn_LeavesTheLogSmallAndTheFirstWordWhole(int breakAfterMs)
    {
        SynchronizationContext.SetSynchronizationContext(null);
        var conversation = new VirtualConversation(new Schedule { ConnectionCap = TimeSpan.FromMinutes(60) });
        conversation.Attach();
        for (var minute = 0; minute < 30; minute++)
        {
            conversation.Run(TimeSpan.FromMinutes(1));
            Assert.InRange(conversation.Logged.Input, 0, TwoSeconds);
        }

        conversation.Say(1);
        conversation.Run(breakAfterMs.Ms());
        conversation.Upstream.Newest!.Break();
        Assert.True(conversation.RunUntil(conversation.IsAnswered, 30_000.Ms()));
        new Oracle(conversation).Check();
    }
}
