using Gemini.Live.Models;
using Gemini.Live.Simulator;
using Gemini.Live.Simulator.Faults;

namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>One kind of fault, and the conversations in which it strikes.</summary>
/// <param name="Name">What breaks.</param>
/// <param name="Kind">The row of the figures that it counts into.</param>
/// <param name="Rules">The faults, for one moment.</param>
internal sealed record MatrixFault(string Name, string Kind, Func<Moment, IEnumerable<FaultRule>> Rules)
{
    public IReadOnlyList<Moment> Moments { get; init; } = Virtual.Moments.All;

    public IReadOnlyList<string> Models { get; init; } = Schedule.Models;

    /// <summary>False: the client is told 1011, and can come back.</summary>
    public bool Survives { get; init; } = true;

    /// <summary>Nothing may be cut: there was time to change the connection at a boundary.</summary>
    public bool MustNotCut { get; init; }

    /// <summary>Wait before the third turn.</summary>
    public TimeSpan Wait { get; init; } = 700.Ms();

    /// <summary>What else is special.</summary>
    public Func<Schedule, Schedule> With { get; init; } = schedule => schedule;

    public IEnumerable<(Moment Moment, Schedule Schedule)> Schedules()
    {
        foreach (var (m, model) in Models.Index())
        {
            foreach (var manual in new[] { false, true })
            {
                foreach (var moment in Moments)
                {
                    var number = (FaultMatrix.Number(this) * 7) + ((int)moment * 3) + m + (manual ? 5 : 0);
                    yield return (moment, With(new Schedule
                    {
                        Seed = 1_000 + number,
                        Model = model,
                        Manual = manual,
                        Script = Virtual.Moments.Plan(moment, typed: number % 3 == 0, Wait),
                        ToolBehavior = Virtual.Moments.Blocking(model),
                        ToolTakes = new Lag(300, 900),
                        Knobs = KnobSets.Of(number),
                        Faults = [.. Rules(moment)],
                    }));
                }
            }
        }
    }
}

/// <summary>The single faults of the issue: every way in which upstream ends or fails, in every moment, mode and model.</summary>
internal static class FaultMatrix
{
    private const string Internal = "Internal error encountered.";
    private static readonly Moment[] Once = [Moment.ModelSpeech];
    private static readonly Moment[] InATurn = [Moment.UserSpeech, Moment.Awaiting, Moment.ModelSpeech, Moment.ToolRound];

    public static readonly IReadOnlyList<MatrixFault> All = [.. Closes(), .. Network(), .. GoAways(), .. Refusals(), .. Handles(), .. Repeated(), .. Crossed(), .. Turns(), .. Harmless()];

    public static MatrixFault Find(string name) => All.Single(fault => fault.Name == name);

    public static int Number(MatrixFault fault) => All.Index().First(pair => pair.Item.Name == fault.Name).Index;

    private static FaultRule Close(int code = 1011, string reason = Internal) => new() { Action = FaultAction.Close, Code = code, Reason = reason };

    /// <summary>Dossier §5.1: what the server does of itself.</summary>
    private static IEnumerable<MatrixFault> Closes()
    {
        (int Code, string Reason)[] closes =
        [
            (1000, ""),
            (1001, "going away"),
            (1007, "Request contains an invalid argument."),
            (1008, "BidiGenerateContent session not found"),
            (1008, "Requested entity was not found."),
            (1008, "Operation is not implemented, or supported, or enabled."),
            (1008, "The operation was aborted"),
            (1011, Internal),
            (1011, "Internal error occurred."),
            (1011, "Deadline expired before operation could complete."),
            (1011, "The service is currently unavailable."),
            (1011, "keepalive ping timeout"),
            (1012, "service restart"),
        ];
        foreach (var (code, reason) in closes)
        {
            yield return new MatrixFault($"close {code} {reason}".TrimEnd(), "close", moment => [Close(code, reason).At(moment)]);
        }

        foreach (var reason in new[] { "You exceeded your current quota, please check your plan and billing details.", "Quota exceeded for quota metric 'Live sessions'" })
        {
            // One endpoint, and a limit that lasts longer than a recovery may.
            yield return new MatrixFault($"close 1011 {reason}", "quota", moment => [Close(1011, reason).At(moment), .. Connects(2, 40, () => Close(1011, reason), FaultPhase.Setup)])
            {
                Survives = false,
            };
        }
    }

    private static IEnumerable<MatrixFault> Network()
    {
        yield return new MatrixFault("network cut", "network", moment => [new FaultRule { Action = FaultAction.Abort }.At(moment)]);
        yield return new MatrixFault("old socket still open", "network", moment => [new FaultRule { Action = FaultAction.Abort, Ms = 900 }.At(moment)]);
        yield return new MatrixFault("old socket open for long", "network", moment => [new FaultRule { Action = FaultAction.Abort, Ms = 6_000 }.At(moment)]);
    }

    private static IEnumerable<MatrixFault> GoAways()
    {
        foreach (var seconds in new[] { 60, 50, 30, 1 })
        {
            yield return new MatrixFault($"goAway {seconds} s", "goAway", moment => [new FaultRule { Action = FaultAction.GoAway, Ms = seconds * 1_000 }.At(moment)])
            {
                MustNotCut = seconds >= 30,
                Wait = TimeSpan.FromSeconds(seconds + 2),
            };
        }

        yield return new MatrixFault("goAway 50 s, aborted", "goAway", moment => [new FaultRule { Action = FaultAction.GoAway, Ms = 50_000, Then = GoAwayEnd.Aborted }.At(moment)])
        {
            MustNotCut = true,
            Wait = TimeSpan.FromSeconds(52),
        };
        yield return new MatrixFault("goAway 50 s, then silence", "goAway and silence", moment => [new FaultRule { Action = FaultAction.GoAway, Ms = 50_000, Then = GoAwayEnd.Silence }.At(moment)])
        {
            Wait = TimeSpan.FromSeconds(52),
        };
        yield return new MatrixFault("goAway 300 s, one second into the session", "goAway", _ => [new FaultRule { Action = FaultAction.GoAway, Ms = 300_000, Connection = 1, AfterFrames = 1, Phase = FaultPhase.UserSpeech }])
        {
            Moments = Once,
            MustNotCut = true,
            Wait = TimeSpan.FromSeconds(302),
        };
    }

    private static IEnumerable<MatrixFault> Refusals()
    {
        foreach (var times in new[] { 1, 2, 5 })
        {
            yield return new MatrixFault($"next {times} connects refused with 503", "refused connects", moment => [Close().At(moment), .. Connects(2, times, () => new FaultRule { Action = FaultAction.RefuseConnect, Status = 503 })]);
            yield return new MatrixFault($"next {times} connects reset", "refused connects", moment => [Close().At(moment), .. Connects(2, times, () => new FaultRule { Action = FaultAction.ResetConnect })]);
            yield return new MatrixFault($"next {times} setups answered with 1011", "refused connects", moment => [Close().At(moment), .. Connects(2, times, () => Close(), FaultPhase.Setup)]);
        }
    }

    private static IEnumerable<MatrixFault> Handles()
    {
        foreach (var form in Enum.GetValues<HandleRefusal>())
        {
            yield return new MatrixFault($"handle rejected, {form}", "handle", moment => [Close().At(moment), new FaultRule { Action = FaultAction.RejectHandle, Form = form }])
            {
                With = schedule => schedule with { Knobs = Refusing(schedule.Knobs, form) },
            };
        }

        yield return new MatrixFault("handle late", "handle", moment => [Close().At(moment), new FaultRule { Action = FaultAction.LateHandle, Times = 0 }]);
        yield return new MatrixFault("handle missing", "handle", moment => [Close().At(moment), new FaultRule { Action = FaultAction.MissingHandle, Times = 0 }]);
        yield return new MatrixFault("handle that lost the context", "lost context", moment => [Close().At(moment), new FaultRule { Action = FaultAction.LoseContext }])
        {
            // Only a context of some size is missed: its prompt has to be four times what remains, and that is what the model adds of itself.
            Moments = [Moment.UserSpeech, Moment.Idle],
            With = schedule => schedule with { Script = [schedule.Script![0] with { Count = schedule.Model.Contains("2.5", StringComparison.Ordinal) ? 900 : 240 }, .. schedule.Script.Skip(1)] },
        };
    }

    private static IEnumerable<MatrixFault> Repeated()
    {
        yield return new MatrixFault("loss during the replay", "second loss", moment => [Close().At(moment), Close().In(FaultPhase.Replay, 60)]);
        yield return new MatrixFault("loss during the seed", "second loss", moment => [Close().At(moment), new FaultRule { Action = FaultAction.RejectHandle }, .. Connects(3, 1, () => new FaultRule { Action = FaultAction.Close, AfterMs = 10 })]);
        yield return new MatrixFault("loss while the seed is being sent", "second loss", moment => [Close().At(moment), new FaultRule { Action = FaultAction.RejectHandle }, .. Connects(3, 1, () => new FaultRule { Action = FaultAction.Close, AfterFrames = 1 })]);
        yield return new MatrixFault("loss after generationComplete", "after generation", _ => [Close().In(FaultPhase.Playback, 100, turn: 2)]) { Moments = Once };
        foreach (var (losses, name) in new[] { (2, "second"), (3, "third"), (4, "fourth") })
        {
            yield return new MatrixFault($"{name} loss on the same turn", $"{name} loss", moment => [Close().At(moment), .. Connects(2, losses - 1, () => new FaultRule { Action = FaultAction.Close, AfterMs = 250 })])
            {
                Moments = InATurn,
                Survives = losses < 4,
            };
        }
    }

    private static IEnumerable<MatrixFault> Crossed()
    {
        yield return new MatrixFault("barge-in, then a loss", "barge-in and loss", moment => [Close().At(moment, turn: 3)])
        {
            Moments = [Moment.UserSpeech, Moment.Awaiting, Moment.ModelSpeech],
            With = schedule => schedule with { Script = [schedule.Script![0], schedule.Script[1] with { BargeIn = 1_300.Ms() }, schedule.Script[2] with { Count = 3, Manner = Manner.Spoken, Pause = TimeSpan.Zero }, schedule.Script[3]] },
        };
        foreach (var ms in new[] { 50, 350, 500 })
        {
            yield return new MatrixFault($"speech {ms} ms after generationComplete, then a loss", "barge-in and loss", moment => [Close().At(moment, turn: 3)])
            {
                Moments = [Moment.UserSpeech, Moment.Awaiting, Moment.ModelSpeech],
                With = schedule => schedule with { Script = [schedule.Script![0], schedule.Script[1] with { SpeaksOver = ms.Ms() }, schedule.Script[2] with { Count = 3, Manner = Manner.Spoken, Pause = TimeSpan.Zero }, schedule.Script[3]] },
            };
        }
    }

    private static IEnumerable<MatrixFault> Turns()
    {
        yield return Turn("stall", "stall", new() { Action = FaultAction.Stall });
        yield return Turn("stall that a nudge does not end", "stall", new() { Action = FaultAction.Stall, Times = 2 });
        yield return Turn("stall that a resume does not end", "stall", new() { Action = FaultAction.Stall, Times = 3 });
        yield return Turn("empty turn", "empty turn", new() { Action = FaultAction.EmptyTurn });
        yield return Turn("early turnComplete", "early turnComplete", new() { Action = FaultAction.EarlyTurnComplete });

        static MatrixFault Turn(string name, string kind, FaultRule rule)
        {
            // The turn that a nudge answers may have the number of the one that it mends.
            rule.Turn = rule.Times == 1 ? 2 : null;
            return new MatrixFault(name, kind, _ => [rule])
            {
                Moments = Once,
                // A model that may choose silence is not doubted any further.
                Models = rule.Times == 1 ? Schedule.Models : [.. Schedule.Models.Where(model => !ModelCatalog.Find(model, out var _).MayStaySilent)],
                // With an open microphone nothing but a transcript tells that somebody has spoken.
                With = schedule => rule.Action == FaultAction.Stall ? schedule with { Knobs = Transcribing(schedule.Knobs) } : schedule,
            };
        }
    }

    private static SimulatorKnobs Transcribing(SimulatorKnobs knobs)
    {
        var copy = knobs.Clone();
        copy.Transcripts = InputTranscripts.Before;
        return copy;
    }

    private static IEnumerable<MatrixFault> Harmless()
    {
        yield return new MatrixFault("usage missing", "harmless", _ => [new FaultRule { Action = FaultAction.OmitUsage, Turn = 2 }]) { Moments = Once };
        yield return new MatrixFault("slow pongs", "harmless", _ => [new FaultRule { Action = FaultAction.SlowPongs }]) { Moments = Once };
        yield return new MatrixFault("audio in bursts", "harmless", _ => [new FaultRule { Action = FaultAction.AudioBursts, Turn = 2 }]) { Moments = Once };
        yield return new MatrixFault("transcript ahead", "harmless", _ => [new FaultRule { Action = FaultAction.TranscriptAhead, Turn = 2 }]) { Moments = Once };
        yield return new MatrixFault("transcript again", "harmless", _ => [new FaultRule { Action = FaultAction.DuplicateTranscription, Turn = 2, Ms = 1_500 }]) { Moments = Once };
        yield return new MatrixFault("sentence again", "harmless", _ => [new FaultRule { Action = FaultAction.RepeatSentence, Turn = 2 }]) { Moments = Once };
        yield return new MatrixFault("interrupted out of nothing", "harmless", moment => [new FaultRule { Action = FaultAction.SpuriousInterrupted }.At(moment)]);
    }

    /// <summary>A rule for each of so many connections, from the first given.</summary>
    private static IEnumerable<FaultRule> Connects(int first, int times, Func<FaultRule> rule, FaultPhase? phase = null) => Enumerable.Range(first, times).Select(connection =>
    {
        var next = rule();
        next.Connection = connection;
        next.Phase = phase;
        return next;
    });

    private static FaultRule In(this FaultRule rule, FaultPhase phase, int afterMs, int? turn = null)
    {
        (rule.Phase, rule.AfterMs, rule.Turn) = (phase, afterMs, turn);
        return rule;
    }

    private static SimulatorKnobs Refusing(SimulatorKnobs knobs, HandleRefusal form)
    {
        var copy = knobs.Clone();
        copy.HandleRefusal = form;
        return copy;
    }
}
