using System.Collections.Immutable;
using Gemini.Live.Closes;
using Gemini.Live.Links;

namespace Gemini.Live.Tests.Closes;

/// <summary>Properties of the table as a whole.</summary>
public sealed class CloseTaxonomyTests
{
    private static ImmutableArray<CloseRow> Rows => CloseTaxonomy.Rows;

    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, Rows.Length)];

    /// <summary>A row for any phase takes what is left; one that lists phases must decide in each of them.</summary>
    [Theory]
    [MemberData(nameof(Numbers))]
    public void Row_InEachOfItsPhases_Decides(int number)
    {
        var row = Rows[number];
        var reached = Endings.Phases.Where(p => Witnesses(row, p).Where(Endings.IsPossible).Any(w => ReferenceEquals(CloseTaxonomy.Find(w), row))).ToArray();
        var wanted = Endings.Phases.Where(p => row.Phases != ClosePhase.Any && row.Phases.HasFlag(p));
        Assert.True(reached.Length > 0 && !wanted.Except(reached).Any(), $"Row {number + 1} decides only in [{string.Join(", ", reached)}]: {row}");
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Row_LeftOut_WouldChangeAVerdict(int number)
    {
        var row = Rows[number];
        if (number == Rows.Length - 1)
        {
            return; // without the last row there would be none at all
        }

        var others = Rows.Remove(row);
        Assert.Contains(
            Endings.Phases.SelectMany(phase => Witnesses(row, phase)).Where(Endings.IsPossible).Where(w => ReferenceEquals(CloseTaxonomy.Find(w), row)),
            w => others.First(r => r.Matches(w)).Verdict != row.Verdict);
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Row_WithAllThatItAsksFor_Matches_AndWithoutAnyPartOfIt_DoesNot(int number)
    {
        var row = Rows[number];
        var phase = Endings.Phases.First(p => (row.Phases & p) != 0);
        var full = Witnesses(row, phase).First(row.Matches);
        if (row.Kind is { } kind)
        {
            Assert.False(row.Matches(full with { Loss = full.Loss with { Kind = Endings.Kinds.First(k => k != kind) } }));
        }

        if (row.Code is not null)
        {
            Assert.False(row.Matches(full with { Loss = full.Loss with { Code = 3999 } }));
        }

        if (row.HttpStatus is not null)
        {
            Assert.False(row.Matches(full with { Loss = full.Loss with { HttpStatus = 418 } }));
        }

        if (row.Reason.Match != ReasonMatch.Any)
        {
            Assert.False(row.Matches(full with { Loss = full.Loss with { Reason = "Words that no row knows." } }));
        }

        if (row.Reason.Match == ReasonMatch.Exact)
        {
            Assert.False(row.Matches(full with { Loss = full.Loss with { Reason = row.Reason.Text + " More." } }));
        }

        if (row.Reason.Match == ReasonMatch.Prefix)
        {
            Assert.False(row.Matches(full with { Loss = full.Loss with { Reason = "Other: " + row.Reason.Text } }));
        }

        if (row.Phases != ClosePhase.Any)
        {
            Assert.All(Endings.Phases.Where(p => (row.Phases & p) == 0), other => Assert.False(row.Matches(full with { Phase = other })));
        }

        foreach (var fact in Enum.GetValues<CloseFacts>().Where(f => f != CloseFacts.None && row.Facts.HasFlag(f)))
        {
            Assert.All(Endings.WithAllFacts(full).Where(e => !e.Facts.HasFlag(fact)), without => Assert.False(row.Matches(without)));
        }
    }

    [Fact]
    public void Classify_OfAnythingAtAll_HasAVerdict()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("ORCHESTRATOR_SEED"), out var chosen) ? chosen : 20261120;
        TestContext.Current.TestOutputHelper?.WriteLine($"ORCHESTRATOR_SEED={seed}");
        var random = new Random(seed);
        var texts = Rows.Where(r => r.Reason.Match != ReasonMatch.Any).Select(r => r.Reason.Text).Append("").Append("?").ToArray();
        var hit = new HashSet<CloseRow>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < 200_000; i++)
        {
            var ending = Anything(random, texts);
            var row = CloseTaxonomy.Find(ending);
            hit.Add(row);
            Assert.True(row.Matches(ending), $"{row} does not match {ending}");
            Assert.Same(Rows.First(r => r.Matches(ending)), row);
            Assert.Same(row.Verdict, CloseTaxonomy.Classify(ending));
        }

        Assert.True(hit.Count > Rows.Length * 9 / 10, $"The fuzz reaches only {hit.Count} of {Rows.Length} rows.");
    }

    [Fact]
    public void LastRow_AsksForNothing_SoTheTableIsTotal() =>
        Assert.True(Rows[^1] is { Kind: null, Code: null, HttpStatus: null, Phases: ClosePhase.Any, Facts: CloseFacts.None, Reason.Match: ReasonMatch.Any });

    [Fact]
    public void EveryMemberOfEveryEnum_IsUsedBySomeRow()
    {
        var verdicts = Rows.Select(r => r.Verdict).ToArray();
        Assert.Equal(Enum.GetValues<CloseCause>(), verdicts.Select(v => v.Cause).Distinct().Order());
        Assert.Equal(Enum.GetValues<Blame>(), verdicts.Select(v => v.Blame).Distinct().Order());
        Assert.Equal(Enum.GetValues<Rung>(), verdicts.SelectMany(v => v.Rungs).Distinct().Order());
        Assert.Equal(Enum.GetValues<BackOff>(), verdicts.Select(v => v.BackOff).Distinct().Order());
        Assert.Equal(Enum.GetValues<ReasonMatch>(), Rows.Select(r => r.Reason.Match).Distinct().Order());
        Assert.Equal(Endings.Kinds, Rows.Select(r => r.Kind).OfType<LinkLossKind>().Distinct().Order());
        var narrow = Rows.Where(r => r.Phases != ClosePhase.Any).Aggregate(default(ClosePhase), (all, r) => all | r.Phases);
        Assert.Equal(ClosePhase.Any & ~ClosePhase.Dialling, narrow);
        Assert.All(
            Enum.GetValues<CloseFacts>().Where(f => f != CloseFacts.None),
            fact => Assert.Contains(Rows, r => r.Facts.HasFlag(fact)));
    }

    [Fact]
    public void Verdicts_KeepTheirOwnRules()
    {
        Assert.All(Rows, row =>
        {
            var verdict = row.Verdict;
            Assert.Equal(Rung.End, verdict.Rungs[^1]);
            Assert.Equal(verdict.Rungs.Distinct(), verdict.Rungs);
            Assert.Equal(verdict.BackOff == BackOff.None, verdict.Rungs.Length == 1);
            Assert.Equal(verdict.PassOn, verdict.Rungs.Length == 1);
            Assert.NotEmpty(row.Source);
            Assert.Equal(verdict.Cause == CloseCause.Quota, verdict.BackOff == BackOff.Quota);
            if (verdict.Cause is CloseCause.HandleRejected or CloseCause.ContextExhausted)
            {
                Assert.False(verdict.MayTry(Rung.Resume));
            }

            if (verdict.PassOn)
            {
                Assert.True(verdict.Cause is CloseCause.BadSetup or CloseCause.Auth or CloseCause.ModelMissing);
                Assert.False(row.Facts.HasFlag(CloseFacts.ProvenSetup));
            }
        });
        Assert.True(CloseVerdict.QuotaWait >= TimeSpan.FromSeconds(65));
    }

    [Fact]
    public void Patterns_FitInACloseFrame() =>
        Assert.All(Rows, row => Assert.True(Endings.Bytes(row.Reason.Text ?? "") <= Endings.ReasonBytes));

    [Fact]
    public void ProvenSetup_IsNeverHeldAgainstTheClient()
    {
        foreach (var row in Rows)
        {
            foreach (var phase in Endings.Phases)
            {
                foreach (var ending in Witnesses(row, phase).Where(w => w.SetupProven))
                {
                    Assert.False(CloseTaxonomy.Classify(ending).PassOn, $"{ending}");
                }
            }
        }
    }

    /// <summary>Ends that satisfy the row's code, reason and phase, under every combination of facts.</summary>
    private static IEnumerable<LinkEnding> Witnesses(CloseRow row, ClosePhase phase)
    {
        var reason = row.Reason.Match switch
        {
            ReasonMatch.Exact => row.Reason.Text,
            ReasonMatch.Prefix => row.Reason.Text + " and more",
            ReasonMatch.Contains => "before " + row.Reason.Text + " after",
            _ => "Words that no row knows.",
        };
        return Endings.WithAllFacts(new LinkEnding(
            new LinkLoss(row.Kind ?? LinkLossKind.CloseFrame, row.Code ?? 4321, reason, row.HttpStatus),
            phase));
    }

    private static LinkEnding Anything(Random random, string[] texts)
    {
        int?[] codes = [null, 1000, 1001, 1005, 1006, 1007, 1007, 1007, 1008, 1008, 1008, 1009, 1011, 1011, 1011, 1012, 1013, 4000, random.Next(-5, 70_000)];
        int?[] statuses = [null, 400, 401, 403, 404, 429, 500, 502, 503, 504, random.Next(0, 1000)];
        var text = texts[random.Next(texts.Length)];
        text = random.Next(4) switch { 0 => "x" + text, 1 => text + random.Next(), 2 => text[..random.Next(text.Length + 1)], _ => text };
        return new LinkEnding(
            new LinkLoss(
                random.Next(3) == 0 ? (LinkLossKind)random.Next(-1, Endings.Kinds.Length + 1) : LinkLossKind.CloseFrame,
                codes[random.Next(codes.Length)],
                text,
                statuses[random.Next(statuses.Length)]),
            random.Next(20) == 0 ? (ClosePhase)random.Next(-2, 64) : Endings.Phases[random.Next(Endings.Phases.Length)])
        {
            PresentedHandle = random.Next(2) == 0,
            SetupProven = random.Next(2) == 0,
            OldSocketMayBeOpen = random.Next(2) == 0,
            LastPromptTokens = random.Next(3) == 0 ? null : random.Next(-1, 300_000),
            ContextWindow = random.Next(3) == 0 ? null : random.Next(0, 200_000),
            RecentFrames = random.Next(3) == 0 ? null : (FrameKinds)random.Next(0, 512),
        };
    }
}
