using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

public sealed class OutputLogTests
{
    private readonly OutputLog _log = new(after: 0, maxBytes: 1_000);
    private readonly Ear _ear = new();

    private void Append(byte value, OutputTraits traits = OutputTraits.Audio, long afterFact = 0)
    {
        _log.Append([value], traits, 20, afterFact);
        _log.DeliverTo(_ear);
    }

    [Fact]
    public void TurnComplete_AndWhatFollows_WaitsForItsFact()
    {
        Append(1);
        Append(2, OutputTraits.TurnComplete, afterFact: 7);
        Append(3);
        Assert.Equal([1], _ear.Heard);
        _log.Durable(6);
        _log.DeliverTo(_ear);
        Assert.Equal([1], _ear.Heard);
        Assert.True(_log.IsWaiting);
        _log.Durable(7);
        _log.DeliverTo(_ear);
        Assert.Equal([1, 2, 3], _ear.Heard);
    }

    [Fact]
    public void NewClient_FirstGetsWhatWasNotConfirmed()
    {
        Append(1);
        Append(2);
        Append(3);
        _log.Confirmed(1);
        _log.Rewind();
        var second = new Ear();
        _log.DeliverTo(second);
        Assert.Equal([2, 3], second.Heard);
        Assert.Equal([2L, 3L], second.Numbers);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DroppedFrame_IsNotDeliveredAgain_ButOnce(bool delivered)
    {
        Append(1);
        Append(2, OutputTraits.Words, afterFact: 5);
        if (delivered)
        {
            Deliver();
        }

        _log.Drop(2);
        Append(3);
        Deliver();
        Assert.Equal([1, 2, 3], _ear.Heard);
        _log.Rewind();
        var second = new Ear();
        _log.DeliverTo(second);
        Assert.Equal([1, 3], second.Heard);

        void Deliver()
        {
            _log.Durable(5);
            _log.DeliverTo(_ear);
        }
    }

    [Fact]
    public void Confirmation_BeyondWhatWasDelivered_FreesNothingUndelivered()
    {
        Append(1, OutputTraits.TurnComplete, afterFact: 5);
        _log.Confirmed(100);
        _log.Durable(5);
        _log.DeliverTo(_ear);
        Assert.Equal([1], _ear.Heard);
    }

    [Fact]
    public void Interruption_DiscardsAudio_KeepsTheRest()
    {
        Append(1, OutputTraits.TurnComplete, afterFact: 5);
        Append(2);
        Append(3, OutputTraits.None);
        _log.DiscardAudio();
        _log.Durable(5);
        _log.DeliverTo(_ear);
        Assert.Equal([1, 3], _ear.Heard);
    }

    /// <summary>Found by virtual conversations (seed 1779): a slow journal kept a finished turn back, and the next interruption emptied it.</summary>
    [Fact]
    public void Interruption_WhileAnEarlierTurnWaitsForItsFact_LeavesThatTurnWhole()
    {
        Append(1, OutputTraits.TurnComplete, afterFact: 5);
        Append(2);
        Append(3, OutputTraits.TurnComplete, afterFact: 6);
        Append(4);
        _log.DiscardAudio();
        Append(5, OutputTraits.None);
        _log.Durable(6);
        _log.DeliverTo(_ear);
        Assert.Equal([1, 2, 3, 5], _ear.Heard);
    }

    [Fact]
    public void Overflow_GivesUpTheOldestConfirmedByNobody_AndCounts()
    {
        for (var i = 0; i < 30; i++)
        {
            _log.Append(new byte[100], OutputTraits.Audio, 20, 0);
            _log.DeliverTo(_ear);
        }

        Assert.Equal(20, _log.Overflowed);
    }

    private sealed class Ear : IEdge
    {
        public List<byte> Heard { get; } = [];

        public List<long> Numbers { get; } = [];

        public void Opened(IAttachment attachment, bool awaitsSetup)
        {
        }

        public void Deliver(in OutputFrame frame)
        {
            Heard.Add(frame.Payload.Span[0]);
            Numbers.Add(frame.Seq);
        }

        public void Durable(long inputSeq)
        {
        }

        public void Close(EdgeClose close)
        {
        }
    }
}
