using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Gemini.Live.Closes;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Xunit;

namespace Orchestrator.Grains.Tests.Recovery;

/// <summary>The budgets in docs/recovery.md are those of <see cref="RecoveryPolicy"/>. UPDATE_GOLDEN=1 writes them anew for review.</summary>
public sealed class PolicyDocTests
{
    private const string Begin = "<!-- budgets: written by PolicyDocTests -->\n";
    private const string End = "<!-- /budgets -->";

    [Fact]
    public void Recovery_TableOfBudgets_IsThePolicy()
    {
        var path = Path();
        var text = File.ReadAllText(path);
        var from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var to = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(from >= Begin.Length && to >= from, $"The marks of the budgets are missing in {path}.");
        var table = Table();
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") is "1")
        {
            text = text[..from] + table + text[to..];
            File.WriteAllText(path, text);
            to = text.IndexOf(End, StringComparison.Ordinal);
        }

        Assert.Equal(table, text[from..to]);
    }

    private static string Table()
    {
        var policy = new RecoveryPolicy();
        var rules = new ConversationRules(ManualActivity: false, SilenceMs: 0, InitialHistory: false, [], "");
        (string What, string Value)[] rows =
        [
            ("one recovery without a connection, all its outages together", Time(policy.TimeMs)),
            ("from dial to `setupComplete`", Time(rules.LinkSetupMs)),
            ("tries of *resume* in one recovery", Number(policy.ResumeTries)),
            ("tries of *fresh* on one endpoint", Number(policy.FreshTries)),
            ("failed dials before *next endpoint*, if there is one", Number(policy.DialTries)),
            ("loss on the same user turn from which only *fresh* is tried", Number(policy.SeedFromLoss)),
            ("loss on the same user turn that ends the recovery", Number(policy.LossesPerTurn)),
            ("first wait; doubles with every failure", Time(policy.RetryMs)),
            ("longest wait", Time(policy.RetryMaxMs)),
            ("wait after a refusal for quota", Time((long)CloseVerdict.QuotaWait.TotalMilliseconds)),
            ("waits for an old socket, outside of the other budgets", string.Join(", ", policy.OldSocketWaitsMs.Select(Time))),
            ("tokens that recoveries may cost", string.Create(CultureInfo.InvariantCulture, $"{policy.TokenShare * 100:0} % of those used, and one full context")),
            ("history that a new session is told", $"{Number(policy.SeedTokens)} tokens"),
            ("answer of a model to its history, before input goes out anyway", Time(policy.SeedReplyMs)),
            ("age after which a connection has proven healthy", Time(policy.HealthyMs)),
            ("age from which a connection is replaced", Time(policy.RotateAgeMs)),
            ("longest time before an announced end in which a moment is looked for", Time(policy.RotateLeadMs)),
            ("kept between a forced rotation and the announced end", Time(policy.RotateMarginMs)),
            ("for the close of the old connection", Time(policy.CloseEchoMs)),
            ("for an answer to begin", Time(policy.StallMs)),
            ("without a word in an interaction that is to go on", Time(policy.InteractionMs)),
            ("audio held for a handle at a turn boundary", Time(rules.CheckpointHoldMs)),
        ];
        var text = new StringBuilder("| what | default |\n|---|---|\n");
        foreach (var (what, value) in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {what} | {value} |\n");
        }

        return text.ToString();
    }

    private static string Number(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Time(long milliseconds) => milliseconds < 1_000 ? $"{Number(milliseconds)} ms"
        : milliseconds % 60_000 == 0 && milliseconds > 60_000 ? $"{Number(milliseconds / 60_000)} min"
        : $"{Number(milliseconds / 1_000)} s";

    private static string Path([CallerFilePath] string here = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "recovery.md"));
}
