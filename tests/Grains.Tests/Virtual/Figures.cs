using Orchestrator.Testing.Promises;
using Gemini.Live.Simulator;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>What a fault cost one conversation.</summary>
/// <param name="LostMs">Audio of the user's that the model knows neither as sound nor as text.</param>
/// <param name="RepeatedMs">Audio of the user's that the model knows twice.</param>
/// <param name="DeadAirMs">Longest silence where a reply was due, beyond what upstream itself took: setups, the replay at the pace that it bears, and its time to think.</param>
internal sealed record Figures(bool Survived, double LostMs, double RepeatedMs, double DeadAirMs)
{
    private const double WordMs = 300;

    public static Figures Of(VirtualConversation conversation)
    {
        var known = ModelContext.Read(conversation).OfType<ContextItem.Word>().Select(word => word.Number).ToList();
        var lost = conversation.Said.Where(turn => turn.Manner == Manner.Spoken).SelectMany(turn => Enumerable.Range(turn.First, turn.Count)).Except(known).Count();
        var wrong = conversation.Schedule.Knobs.Transcripts == InputTranscripts.Wrong;
        return new Figures(
            conversation.Client.Closed is null,
            // What upstream heard wrongly is told wrongly; that is not lost here.
            wrong ? 0 : lost * WordMs,
            (known.Count - known.Distinct().Count()) * WordMs,
            DeadAir(conversation));
    }

    private static double DeadAir(VirtualConversation conversation)
    {
        var client = conversation.Client;
        var longest = 0.0;
        foreach (var turn in conversation.Said.Where(turn => turn is { BargeIn: null, SpeaksOver: null, Calls: 0 }))
        {
            var end = client.Sent.FindLastIndex(frame => frame.Word == turn.Last);
            if (end >= 0 && client.Output.Find(heard => heard.Audio.Length > 0 && heard.At > client.Sent[end].At) is { } first)
            {
                longest = Math.Max(longest, (first.At - Ideal(conversation, end, first.At)).TotalMilliseconds);
            }
        }

        // A reply that was cut is due again at once.
        foreach (var cut in conversation.Journal.Durable.Where(entry => entry.Fact is TurnCommitted { Ending: TurnEnding.Cut, Model: not null }))
        {
            var end = client.Sent.FindLastIndex(frame => frame.Word > 0 && frame.At <= cut.At);
            if (end >= 0 && client.Output.Find(heard => heard.Audio.Length > 0 && heard.At > cut.At) is { } again)
            {
                longest = Math.Max(longest, (again.At - Ideal(conversation, end, again.At)).TotalMilliseconds);
            }
        }

        return Math.Max(0, longest);
    }

    /// <summary>When the first audio could have come at the earliest, to a question that ended with that frame.</summary>
    private static DateTimeOffset Ideal(VirtualConversation conversation, int end, DateTimeOffset heard)
    {
        var schedule = conversation.Schedule;
        var client = conversation.Client;
        var asked = client.Sent[end].At;
        var spoken = conversation.Said.Last(turn => turn.Last >= client.Sent[end].Word && turn.First <= client.Sent[end].Word).Manner == Manner.Spoken;
        var silence = schedule.Manual || !spoken ? TimeSpan.Zero : conversation.World.Options.SilenceDuration;
        var think = conversation.World.Options.ReplyDelay + (2 * schedule.Latency.MaxMs).Ms() + 40.Ms();
        var link = conversation.Upstream.Links.FindLast(link => link.ReadyAt <= heard);
        if (link?.ReadyAt is not { } ready || ready <= asked)
        {
            return asked + silence + think;
        }

        var before = conversation.Upstream.Links.FindLast(other => other.Number < link.Number && other.ReadyAt is not null);
        var lostAt = before is null ? conversation.Journal.Durable[0].At : before.Ended is { } loss && loss.At < link.DialledAt ? loss.At : link.DialledAt;
        var tries = conversation.Upstream.Links.Where(other => other.Number > (before?.Number ?? 0) && other.Number <= link.Number)
            .Select(other => (other.ReadyAt ?? other.Ended?.At ?? other.DialledAt) - other.DialledAt)
            .Aggregate(TimeSpan.Zero, (sum, length) => sum + length);
        var begin = lostAt + tries;
        var pace = schedule.Knobs.BurstInput == BurstInput.Throttled ? 2 : schedule.Manual ? double.PositiveInfinity : 4;
        var from = conversation.Journal.Facts<LinkOpened>().FirstOrDefault(opened => opened.Link == link.Number)?.ReplayedFrom ?? end;
        var replayed = AudioMs(client.Sent.Take(end + 1).Skip((int)from));
        var (sooner, later) = (begin + TimeSpan.FromMilliseconds(replayed / pace), begin + TimeSpan.FromMilliseconds((replayed + silence.TotalMilliseconds) / pace));
        var over = schedule.Knobs.VadClock == VadClock.Wall
            ? Max(asked, sooner) + silence
            : Max(asked + silence, later);
        return over + think;
    }

    /// <summary>Audio that has to be sent again: long silence need not be.</summary>
    private static double AudioMs(IEnumerable<SentFrame> frames)
    {
        var (sum, quiet) = (0.0, 0.0);
        foreach (var frame in frames)
        {
            quiet = frame.Voiced ? 0 : quiet + frame.AudioMs;
            sum += quiet <= 2_000 ? frame.AudioMs : 0;
        }

        return sum;
    }

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
