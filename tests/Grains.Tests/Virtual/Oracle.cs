using Xunit;
using System.Globalization;
using System.Security.Cryptography;
using Gemini.Live.Simulator.Sessions;
using Gemini.Live.Simulator.Speech;
using Orchestrator.Grains.Transcripts;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>A turn as the client had it.</summary>
internal sealed record HeardTurn(byte[] Audio, string Words, bool Interrupted, bool Ended);

/// <summary>Compares what the client, the journal and the model's memory say of one conversation.</summary>
internal sealed class Oracle(VirtualConversation conversation)
{
    private readonly List<string> _sessions = [.. conversation.World.ReadSessions().Select(session => (string)session!["session"]!)];

    private bool Survived => conversation.Client.Closed is null;

    public void Check()
    {
        Bounds();
        if (Survived && Exclusions.InputLogDiesWithTheActivation(conversation))
        {
            ContextHasNoWordTwice();
            return;
        }

        OutputIsWhatWasSent();
        if (Survived)
        {
            FinishedTurnsAreWhole();
            ContextHasEveryWord();
            TranscriptHasEveryWord();
        }
        else
        {
            CloseIsDocumented();
        }
    }

    public IReadOnlyList<HeardTurn> Turns()
    {
        var turns = new List<HeardTurn>();
        var (audio, words, interrupted) = (new List<byte>(), "", false);
        foreach (var heard in conversation.Client.Output)
        {
            audio.AddRange(heard.Audio);
            words += heard.Output;
            interrupted |= heard.Interrupted;
            if (heard.TurnComplete)
            {
                turns.Add(new HeardTurn([.. audio], words, interrupted, Ended: true));
                (audio, words, interrupted) = ([], "", false);
            }
        }

        if (audio.Count > 0)
        {
            turns.Add(new HeardTurn([.. audio], words, interrupted, Ended: false));
        }

        return turns;
    }

    /// <summary>P6.</summary>
    private void Bounds()
    {
        Assert.InRange(conversation.MostLogged.Input, 0, conversation.Schedule.Manual ? 32L << 20 : 8L << 20);
        Assert.InRange(conversation.MostLogged.Output, 0, 4L << 20);
    }

    /// <summary>P1: every turn's audio was sent so, and no later turn's audio was sent before an earlier one's.</summary>
    private void OutputIsWhatWasSent()
    {
        var wire = _sessions.SelectMany(session => conversation.World.ReadModelAudio(session)!).ToArray();
        var from = 0;
        foreach (var (turn, i) in Turns().Select((turn, i) => (turn, i)))
        {
            // An interrupted reply may have lost audio that nobody will miss; what is left of it is in order.
            var at = turn.Interrupted ? from : wire.AsSpan(from).IndexOf(turn.Audio) + from;
            Assert.True(at >= from, $"Audio of turn {i + 1} ({turn.Audio.Length} bytes) is not what the model said next.");
            from = turn.Interrupted ? from : at + turn.Audio.Length;
        }
    }

    /// <summary>P1: replies that were not cut are the model's, whole, once, in order.</summary>
    private void FinishedTurnsAreWhole()
    {
        var whole = Turns().Where(turn => turn is { Ended: true, Interrupted: false }).Select(turn => Digest(turn.Audio)).ToList();
        var memory = Memory();
        Assert.Equal(memory.Where(entry => entry.Ending == "complete").Select(entry => entry.Sha), whole);
    }

    /// <summary>P2: the surviving lineage heard every word once, sample by sample.</summary>
    private void ContextHasEveryWord()
    {
        var words = TestSpeech.Decode(conversation.World.ReadUserAudio(_sessions[^1])!);
        Assert.Equal(string.Join(' ', AllWords()), string.Join(' ', words));
    }

    private void ContextHasNoWordTwice()
    {
        var words = TestSpeech.Decode(conversation.World.ReadUserAudio(_sessions[^1])!).Where(word => word != "?").Select(word => int.Parse(word[1..], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(words.Distinct().Order(), words);
    }

    private void TranscriptHasEveryWord()
    {
        var transcript = TranscriptFold.Empty.Add(conversation.Journal.Durable).Result(new ConversationId(Guid.Empty));
        if (Exclusions.UserTextIsExact(conversation))
        {
            var text = string.Concat(transcript.Turns.Select(turn => turn.User?.Text ?? ""));
            Assert.Equal(string.Join(' ', AllWords()), text.Trim());
        }

        var replies = transcript.Turns.Where(turn => turn.Ending == TurnEnding.Completed).Select(turn => turn.Model?.Text ?? "");
        Assert.Equal(Memory().Where(entry => entry.Ending == "complete").Select(entry => entry.Text), replies);
    }

    /// <summary>Rung 1 alone cannot save everything; what it cannot save ends with 1011 and the true reason.</summary>
    private void CloseIsDocumented()
    {
        var close = conversation.Client.Closed!;
        Assert.Equal(1011, close.Code);
        var facts = conversation.Journal.Decided;
        var settledTo = facts.OfType<TurnCommitted>().Where(turn => turn.Ending != TurnEnding.Cut).Select(turn => turn.InputTo).DefaultIfEmpty(-1).Max();
        var covered = facts.OfType<CheckpointTaken>().Select(taken => taken.Position).DefaultIfEmpty(-1).Max();
        var rejected = facts.OfType<LinkLost>().Any(lost => lost.Cause == "handleRejected");
        switch (close.Reason)
        {
            case "The session cannot be resumed upstream: no handle covers the last turn.":
                Assert.True(settledTo >= 0 && (rejected || covered < settledTo), $"A handle covers {covered}, and turns are settled to {settledTo}.");
                break;
            case "Upstream is unavailable; resume the session later.":
                Assert.True(conversation.Schedule.Faults.Any(fault => fault.Times is 0 or > 8), "Upstream was available.");
                break;
            case "The turn could not be stored; resume the session to continue.":
                Assert.True(conversation.Schedule.JournalOutage is var (from, to) && (to - from).TotalMilliseconds + (2 * conversation.Schedule.JournalDelay.MaxMs) > 9_000, "The journal worked.");
                break;
            default:
                Assert.Fail($"Closed with {close}.");
                break;
        }
    }

    private IEnumerable<string> AllWords() => conversation.Said.SelectMany(said => Enumerable.Range(said.First, said.Count)).Select(word => $"w{word}");

    private List<(string Ending, string Sha, string Text)> Memory() => [.. conversation.World.ReadMemory(_sessions[^1])!["entries"]!.AsArray()
        .Where(entry => (string)entry!["kind"]! == "model")
        .Select(entry => ((string)entry!["ending"]!, (string)entry["sha256"]!, (string)entry["text"]!))];

    private static string Digest(byte[] audio) => Convert.ToHexStringLower(SHA256.HashData(audio));
}
