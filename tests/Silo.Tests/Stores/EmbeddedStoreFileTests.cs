using System.Text;
using Orchestrator.Journal;
using Orchestrator.Silo.Stores;
using static Orchestrator.Silo.Tests.Facts;
using Orchestrator.Testing;

namespace Orchestrator.Silo.Tests.Stores;

/// <summary>What is on the disk, and what becomes of it when somebody or something else changes it.</summary>
public sealed class EmbeddedStoreFileTests : IAsyncDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TempDirectory temp = new();
    private DataDirectory directory;
    private EmbeddedStore store;

    public EmbeddedStoreFileTests()
    {
        directory = DataDirectory.Open(temp.Path);
        store = new EmbeddedStore(directory);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        temp.Dispose();
    }

    [Fact]
    public async Task Journal_IsReadableByAPerson_AndHidesTheHandle()
    {
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(mine, From(1, Opened(), Turn(1, "Привет 🙂 <b>\u001b[2J\u009b\u0000", "«да»"), new CheckpointTaken(1, 1, "main", "secret-handle-0b6e", 4, "h")), Durability.Flushed, None);

        var text = await File.ReadAllTextAsync(PathOf(mine.Conversation));
        var lines = text.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("""{"n":1,"at":"2026-11-20T12:00:01Z","more":true,"type":"conversationOpened","tenant":"acme",""", lines[0], StringComparison.Ordinal);
        Assert.Contains("Привет", lines[1], StringComparison.Ordinal);
        Assert.Contains("«да»", lines[1], StringComparison.Ordinal);
        Assert.Contains("<b>", lines[1], StringComparison.Ordinal);
        Assert.Contains("\"ending\":\"completed\"", lines[1], StringComparison.Ordinal);
        Assert.DoesNotContain("null", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text, c => char.IsControl(c) && c != '\n');
        Assert.Contains("\"handle\":\"sealed:", lines[2], StringComparison.Ordinal);
        await CloseAsync();
        foreach (var file in Directory.EnumerateFiles(temp.Path, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("secret-handle-0b6e", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }

        Reopen();
        Assert.Equal("secret-handle-0b6e", ((CheckpointTaken)(await LoadAsync(mine)).Entries[2].Fact).Handle);
    }

    [Fact]
    public async Task Files_AreTheOwnersAlone()
    {
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(temp.Path, "keys", "journal.keys")));
        foreach (var path in new[] { "keys", "conversations", "conversations/acme" })
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(temp.Path, path)));
        }

        Assert.True(File.Exists(PathOf(mine.Conversation)));
    }

    [Fact]
    public async Task TornTail_CutAtEveryByte_IsCutOffReportedAndWrittenOver()
    {
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(mine, From(1, Opened(), Turn(1)), Durability.Flushed, None);
        var whole = new FileInfo(PathOf(mine.Conversation)).Length;
        await store.AppendAsync(mine, From(3, Turn(2, "последний"), new ToolCancelled("x")), Durability.Flushed, None);
        await store.ReleaseAsync(mine, None);
        var bytes = await File.ReadAllBytesAsync(PathOf(mine.Conversation));

        for (var cut = whole; cut < bytes.Length; cut++)
        {
            await File.WriteAllBytesAsync(PathOf(mine.Conversation), bytes[..(int)cut]);
            var unowned = await LoadAsync(mine);
            Assert.Equal((2, cut - whole), (unowned.Entries.Count, unowned.TornBytes));

            var again = await store.ClaimAsync(Acme, mine.Conversation, "silo-1", mustExist: true, None);
            var loaded = await LoadAsync(mine);
            Assert.Equal((2, cut - whole), (loaded.Entries.Count, loaded.TornBytes));
            Assert.Equal(whole, new FileInfo(PathOf(mine.Conversation)).Length);
            await store.AppendAsync(again, From(3, Turn(2, "new")), Durability.Written, None);
            Assert.Equal(3, (await LoadAsync(mine)).Entries.Count);
            await store.ReleaseAsync(again, None);
        }
    }

    [Theory]
    [InlineData("{\"n\":3,\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"toolCanc\n")]
    [InlineData("\0\0\0\0\0\0\0\0")]
    [InlineData("{\"n\":3,\"at\":\"2026-11-20T12:00:03Z\",\"more\":true,\"type\":\"toolCancelled\",\"id\":\"x\"}\n")]
    [InlineData("{\"n\":3,\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"toolCancelled\",\"id\":\"x\"}")]
    public async Task TornTail_OfEveryKind_IsTolerated(string tail)
    {
        var id = await WithTailAsync(tail);
        var loaded = await store.LoadAsync(Acme, id, None);
        Assert.Equal((2, Encoding.UTF8.GetByteCount(tail)), (loaded.Entries.Count, (int)loaded.TornBytes));
    }

    [Theory]
    [InlineData("garbage\n{\"n\":3,\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"toolCancelled\",\"id\":\"x\"}\n", "line 3")]
    [InlineData("{\"n\":4,\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"toolCancelled\",\"id\":\"x\"}\n", "line 3: position 3 expected, 4 found")]
    [InlineData("{\"n\":2,\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"toolCancelled\",\"id\":\"x\"}\n", "line 3: position 3 expected, 2 found")]
    [InlineData("{\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"toolCancelled\",\"id\":\"x\"}\n", "line 3: n is missing")]
    [InlineData("{\"n\":3,\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"turnCommitted\",\"turn\":\"secret\"}\n", "line 3: the turnCommitted cannot be read at $.turn")]
    [InlineData("\n\n", "line 3")]
    [InlineData("{}\nhalf", "line 3")]
    public async Task Damage_BeforeTheTail_IsNamedAndNothingIsRewritten(string tail, string where)
    {
        var id = await WithTailAsync(tail);
        var before = await File.ReadAllBytesAsync(PathOf(id));

        var unowned = await Assert.ThrowsAsync<JournalDamagedException>(() => store.LoadAsync(Acme, id, None));
        Assert.Contains(PathOf(id) + ", " + where, unowned.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", unowned.Message, StringComparison.Ordinal);

        var mine = await store.ClaimAsync(Acme, id, "silo-1", mustExist: true, None);
        var owned = await Assert.ThrowsAsync<JournalDamagedException>(() => store.LoadAsync(Acme, id, None));
        Assert.Equal(unowned.Message, owned.Message);
        await Assert.ThrowsAsync<JournalDamagedException>(() => store.AppendAsync(mine, From(1, Turn(9)), Durability.Flushed, None));
        await store.ReleaseAsync(mine, None);
        Assert.Equal(before, await File.ReadAllBytesAsync(PathOf(id)));
    }

    [Fact]
    public async Task FactsOfANewerVersion_AreKeptReportedAndNeverRewritten()
    {
        const string newer = "{\"n\":3,\"at\":\"2026-11-20T12:00:03Z\",\"type\":\"moodChanged\",\"to\":{\"deep\":[1,2]}}\n";
        var id = await WithTailAsync(newer);
        var mine = await store.ClaimAsync(Acme, id, "silo-1", mustExist: true, None);
        Assert.Equal(new UnreadableFact("moodChanged", "This version does not know the type."), (await store.LoadAsync(Acme, id, None)).Entries[2].Fact);

        await store.AppendAsync(mine, From(4, Turn(2)), Durability.Flushed, None);
        await store.ReleaseAsync(mine, None);
        Assert.Equal(4, (await store.LoadAsync(Acme, id, None)).Entries.Count);
        Assert.Contains(newer, await File.ReadAllTextAsync(PathOf(id)), StringComparison.Ordinal);
        await Assert.ThrowsAsync<OwnershipLostException>(() => store.AppendAsync(mine, From(5, Turn(3)), Durability.Flushed, None));
    }

    [Fact]
    public async Task UnreadableFacts_CannotBeAppended()
    {
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(mine, From(1, new UnreadableFact("x", "y")), Durability.Flushed, None));
        Assert.Empty((await LoadAsync(mine)).Entries);
    }

    [Fact]
    public async Task Checkpoint_OfAnotherConversation_OrOfALostKey_IsUnreadable_TheRestIsNot()
    {
        var one = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(one, From(1, Opened(), new CheckpointTaken(1, 1, "main", "handle", 4, "h")), Durability.Flushed, None);
        await CloseAsync();

        var copy = NewId();
        File.Copy(PathOf(one.Conversation), PathOf(copy));
        Reopen();
        Assert.IsType<UnreadableFact>((await store.LoadAsync(Acme, copy, None)).Entries[1].Fact);
        Assert.IsType<CheckpointTaken>((await LoadAsync(one)).Entries[1].Fact);

        await CloseAsync();
        File.Delete(Path.Combine(temp.Path, "keys", "journal.keys"));
        Reopen();
        var entries = (await LoadAsync(one)).Entries;
        Assert.IsType<ConversationOpened>(entries[0].Fact);
        Assert.Equal("checkpointTaken", Assert.IsType<UnreadableFact>(entries[1].Fact).StoredType);
    }

    [Fact]
    public async Task Key_AddedByAnOperator_SealsFromThenOn_AndTheOldOneStillOpens()
    {
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(mine, From(1, Opened(), new CheckpointTaken(1, 1, "main", "old", 4, "h")), Durability.Flushed, None);
        await CloseAsync();
        await File.AppendAllTextAsync(Path.Combine(temp.Path, "keys", "journal.keys"), $"# rotated\n7 {Convert.ToBase64String(new byte[32])}\n");
        Reopen();
        mine = await store.ClaimAsync(Acme, mine.Conversation, "silo-1", mustExist: true, None);
        await store.AppendAsync(mine, From(3, new CheckpointTaken(1, 1, "main", "new", 5, "h")), Durability.Flushed, None);
        var handles = (await LoadAsync(mine)).Entries.Skip(1).Select(e => ((CheckpointTaken)e.Fact).Handle);
        Assert.Equal(["old", "new"], handles);
    }

    [Fact]
    public async Task ClientJson_ThatIsDeepOrHasLoneSurrogates_IsWrittenOnOneLineAndReadBack()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 63)) + "1" + new string('}', 63);
        var hostile = Json("{ \"text\" : \"\\ud800 \\\" \\\\ \\n\",\n\n \"list\": [ 1 , 2 ] }");
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(mine, From(1, new ConversationOpened("acme", "\ud800x", Json(deep)), new ToolCalled(1, "1", "f", hostile), new ToolCalled(1, "2", "f", default)), Durability.Flushed, None);
        await store.ReleaseAsync(mine, None);

        Assert.Equal(3, (await File.ReadAllLinesAsync(PathOf(mine.Conversation))).Length);
        var facts = (await LoadAsync(mine)).Entries.Select(e => e.Fact).ToList();
        Assert.Equal(deep, ((ConversationOpened)facts[0]).Setup.GetRawText());
        Assert.Equal("\ufffdx", ((ConversationOpened)facts[0]).Model);
        Assert.Equal("{\"text\":\"\\ud800 \\\" \\\\ \\n\",\"list\":[1,2]}", ((ToolCalled)facts[1]).Args.GetRawText());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, ((ToolCalled)facts[2]).Args.ValueKind);
    }

    [Fact]
    public async Task Probes_ThatMeet_DoNotDisturbEachOther()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => store.ProbeAsync())));
        Assert.All(answers, Assert.Null);
    }

    [Fact]
    public async Task Dispose_MayBeRepeated()
    {
        await store.DisposeAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task OpenFiles_StayWithinTheirBound_AndJournalsWorkOnWhenClosed()
    {
        await CloseAsync();
        directory = DataDirectory.Open(temp.Path);
        store = new EmbeddedStore(directory, new JournalDisk(), openFileLimit: 3);
        var claims = new List<Ownership>();
        for (var i = 0; i < 12; i++)
        {
            claims.Add(await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None));
        }

        for (var round = 1; round <= 4; round++)
        {
            foreach (var claim in claims)
            {
                await store.AppendAsync(claim, From(round, Turn(round)), round % 2 == 0 ? Durability.Flushed : Durability.Written, None);
                Assert.InRange(store.OpenFileCount, 1, 3);
            }
        }

        foreach (var claim in claims)
        {
            Assert.Equal(4, (await LoadAsync(claim)).Entries.Count);
        }
    }

    private string PathOf(ConversationId id) => Path.Combine(temp.Path, "conversations", "acme", id + ".jsonl");

    private Task<LoadedJournal> LoadAsync(Ownership of) => store.LoadAsync(Acme, of.Conversation, None);

    /// <summary>A released conversation of two entries with something behind them.</summary>
    private async Task<ConversationId> WithTailAsync(string tail)
    {
        var mine = await store.ClaimAsync(Acme, NewId(), "silo-1", mustExist: false, None);
        await store.AppendAsync(mine, From(1, Opened(), Turn(1)), Durability.Flushed, None);
        await store.ReleaseAsync(mine, None);
        await File.AppendAllTextAsync(PathOf(mine.Conversation), tail);
        return mine.Conversation;
    }

    private async Task CloseAsync()
    {
        await store.DisposeAsync();
        directory.Dispose();
    }

    private void Reopen()
    {
        directory = DataDirectory.Open(temp.Path);
        store = new EmbeddedStore(directory);
    }
}
