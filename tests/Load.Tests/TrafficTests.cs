using System.Text;
using System.Text.Json;
using Orchestrator.Bench.Load.Sockets;
using Orchestrator.Bench.Load.Traffic;
using Xunit;

namespace Orchestrator.Bench.Load.Tests;

public sealed class TrafficTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(123_456_789_012_345)]
    [InlineData(long.MaxValue)]
    public void Stamp_WrittenIntoAFrame_ReadsTheSame(long due)
    {
        var frame = Frames.User(voiced: false);
        Stamp.Write(frame.AsSpan(Frames.UserPrefix.Length), due, Part.Echo);

        Assert.True(Stamp.TryRead(frame.AsSpan(Frames.UserPrefix.Length), out var read, out var part));
        Assert.Equal((due, Part.Echo), (read, part));
    }

    [Fact]
    public void Frames_BothWays_AreTwentyMillisecondsOfAudioInGooglesShape()
    {
        using var user = JsonDocument.Parse(Frames.User(voiced: true));
        using var model = JsonDocument.Parse(Frames.Model());
        var spoken = user.RootElement.GetProperty("realtimeInput").GetProperty("audio").GetProperty("data").GetBytesFromBase64();
        var answered = model.RootElement.GetProperty("serverContent").GetProperty("modelTurn").GetProperty("parts")[0].GetProperty("inlineData").GetProperty("data").GetBytesFromBase64();
        Assert.Equal(16_000 * 2 / 50, spoken.Length);
        Assert.Equal(24_000 * 2 / 50, answered.Length);
    }

    [Fact]
    public void SilentFrame_WithAStamp_IsBelowTheFloorOfSpeech()
    {
        var frame = Frames.User(voiced: false);
        Stamp.Write(frame.AsSpan(Frames.UserPrefix.Length), 0x7FFF_FFFF_FFFF_FFFF, Part.Echo);
        using var json = JsonDocument.Parse(frame);
        var data = json.RootElement.GetProperty("realtimeInput").GetProperty("audio").GetProperty("data").GetString()!;

        // The product's own judgement at its default level.
        Assert.False(Gemini.Live.Audio.PcmLevel.IsVoiced(Encoding.ASCII.GetBytes(data), -60));
        Assert.True(Gemini.Live.Audio.PcmLevel.IsVoiced(Frames.User(voiced: true).AsSpan(Frames.UserPrefix.Length, data.Length), -60));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(125, true)]
    [InlineData(126, true)]
    [InlineData(65_535, false)]
    public void RawFrame_MadeAndRead_IsTheSame(int size, bool masked)
    {
        var payload = new byte[size];
        new Random(1).NextBytes(payload);
        var frame = RawFrame.Make(RawFrame.Binary, payload, masked ? 0xA1B2C3D4u : null);

        for (var cut = 0; cut < frame.Length; cut += Math.Max(1, frame.Length / 7))
        {
            Assert.False(RawFrame.TryRead(frame.AsSpan(0, cut), out _, out _, out _, out _));
        }

        Assert.True(RawFrame.TryRead(frame, out var opcode, out var key, out var head, out var length));
        Assert.Equal((RawFrame.Binary, size, frame.Length), (opcode, length, head + length));
        if (key is { } mask)
        {
            RawFrame.Mask(frame.AsSpan(head), mask, 0);
        }

        Assert.Equal(payload, frame[head..]);
    }

    [Fact]
    public void TalkPlan_OneTurn_SpeaksListensAndPauses()
    {
        var plan = new TalkPlan(TurnSeconds: 4, Manual: true);
        var frames = Enumerable.Range(0, plan.TurnFrames).Select(frame => plan.At(frame)).ToList();
        Assert.Equal(25, frames.Count(part => part == Part.Speech));
        Assert.Equal(plan.EchoShare * plan.TurnFrames, frames.Count(part => part == Part.Echo), 0.01);
        Assert.Equal((Part.Speech, Part.Listen, Part.Listen), (frames[0], frames[25], frames[^1]));
        Assert.Equal(plan.At(0), plan.At(plan.TurnFrames));
        Assert.Equal(2, Enumerable.Range(0, plan.TurnFrames).Count(frame => plan.MarkBefore(frame) is not null));
    }
}
