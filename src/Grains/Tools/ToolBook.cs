using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Tools;

/// <summary>
/// Every function call of a conversation, oldest first (DESIGN §7, P5). Connections end and with them upstream's ids; the
/// calls stay, because the client may still be at work on them and the model will ask again.
/// </summary>
public sealed record ToolBook
{
    public static readonly ToolBook Empty = new();

    /// <summary>Partial results that are kept for a call that is made again.</summary>
    private const int MostPartials = 16;

    /// <summary>Frames (20 ms, mostly) by which a question may have been counted longer than it was, because the model thought before it called.</summary>
    private const long MostLonger = 150;

    private ToolBook()
    {
    }

    private ImmutableList<BookedCall> Calls { get; init; } = [];

    private ImmutableDictionary<string, int> Places { get; init; } = ImmutableDictionary.Create<string, int>(StringComparer.Ordinal);

    /// <summary>Calls before this place are settled, and nothing is owed of them.</summary>
    private int OldTo { get; init; }

    /// <summary>All calls, oldest first.</summary>
    public IReadOnlyList<BookedCall> All => Calls;

    private IEnumerable<BookedCall> Recent
    {
        get
        {
            for (var i = OldTo; i < Calls.Count; i++)
            {
                yield return Calls[i];
            }
        }
    }

    public BookedCall? Find(string id) => Places.TryGetValue(id, out var place) ? Calls[place] : null;

    /// <summary>The call that upstream means on this connection; the newest, should it use an id again.</summary>
    public BookedCall? OnLink(int link, string upstreamId) =>
        Recent.LastOrDefault(call => call.Link == link && string.Equals(call.UpstreamId, upstreamId, StringComparison.Ordinal));

    /// <summary>The model of this connection waits for a result, or has been given one and said nothing yet.</summary>
    public bool IsPendingOn(int link) => Recent.Any(call => call.IsOpenOn(link) || call.IsOwed);

    public bool IsOpenOn(int link) => Recent.Any(call => call.IsOpenOn(link));

    /// <summary>End of the oldest question that is not settled and that a call was made for; null without one.</summary>
    public long? OldestQuestion => Recent.Where(call => call is { IsSettled: false, Status: not CallStatus.Vanished, Question: > 0 }).Select(call => (long?)call.Question).Min();

    /// <summary>The model was told a result on this link, and has not spoken about it yet.</summary>
    public bool IsToldOn(int link) => Recent.Any(call => call.IsOwed && call.ToldOn == link);

    /// <summary>The model was told a result of any call on this link, settled or not, and has still to say something about it.</summary>
    public bool HasToSpeakAbout(int link) => Recent.Any(call => call is { Status: CallStatus.Answered, IsSpokenAbout: false } && call.ToldOn == link);

    /// <summary>Results whose calls are settled, and that the model of this connection has not been told.</summary>
    public ImmutableList<BookedCall> OwedTo(int link) => [.. Recent.Where(call => call.IsOwed && call.ToldOn != link)];

    /// <summary>
    /// The call of an earlier connection that the model now makes again: one of the same name in the turn that is not
    /// settled; the one with the same arguments if there is one, otherwise the first whose question it may have heard.
    /// </summary>
    /// <param name="sentTo">Newest input position that this connection was sent.</param>
    public BookedCall? MadeBefore(int link, string name, JsonElement args, long sentTo)
    {
        BookedCall? first = null;
        foreach (var call in Recent)
        {
            if (call.IsSettled || call.Link == link || call.Status == CallStatus.Vanished || !string.Equals(call.Name, name, StringComparison.Ordinal))
            {
                continue;
            }

            if (AreSame(call.Args, args))
            {
                return call;
            }

            first ??= call.Question <= sentTo + MostLonger ? call : null;
        }

        return first;
    }

    /// <summary>Upstream's id, unless the client has heard it before.</summary>
    public string FreshId(string upstreamId)
    {
        var id = upstreamId.Length > 0 ? upstreamId : "call";
        for (var n = 1; ; n++)
        {
            var candidate = n == 1 && upstreamId.Length > 0 ? id : string.Create(CultureInfo.InvariantCulture, $"{id}_{n}");
            if (!Places.ContainsKey(candidate))
            {
                return candidate;
            }
        }
    }

    public ToolBook Add(BookedCall call) => this with { Calls = Calls.Add(call), Places = Places.SetItem(call.Id, Calls.Count) };

    public ToolBook Set(BookedCall call) => this with { Calls = Calls.SetItem(Places[call.Id], call) };

    /// <summary>The client has answered; a call that will go on stays as it is.</summary>
    public static BookedCall Answered(BookedCall call, ToolResult result, long seq) => call with
    {
        Status = result.WillContinue ? call.Status : CallStatus.Answered,
        Results = (call.Results.Count < MostPartials ? call.Results : call.Results.RemoveAt(0)).Add(result),
        Seq = seq,
        ToldOn = 0,
        IsSpokenAbout = result.IsSilent,
    };

    /// <summary>The model says something after it had to wait. Of what it was told just now it cannot know yet.</summary>
    /// <returns>The input position of the newest frame that it speaks about; 0 when there is none.</returns>
    public (ToolBook Book, long Seq) SpokenAbout(int link, long toldBefore)
    {
        var (book, seq) = (this, 0L);
        for (var i = OldTo; i < Calls.Count; i++)
        {
            if (Calls[i] is { Status: CallStatus.Answered, IsSpokenAbout: false } call && call.ToldOn == link && call.ToldAt <= toldBefore)
            {
                book = book.Set(call with { IsSpokenAbout = true });
                seq = Math.Max(seq, call.Seq);
            }
        }

        return (book, seq);
    }

    /// <summary>A turn was settled on this connection. What the user asked behind it will be answered anew, with the calls that an
    /// earlier connection's model made for it.</summary>
    /// <param name="link">The connection; 0 for none.</param>
    /// <param name="answeredTo">Last input position of what is answered.</param>
    /// <param name="told">Its model was told of the calls that the turn had made before.</param>
    /// <returns>The book, and the calls that nobody wants a result of any more.</returns>
    public (ToolBook Book, ImmutableArray<string> Vanished) Settled(int link, long answeredTo, bool told)
    {
        var calls = Calls;
        var vanished = ImmutableArray.CreateBuilder<string>();
        for (var i = OldTo; i < calls.Count; i++)
        {
            var call = calls[i];
            if (call.Question > answeredTo && call.Link != link)
            {
                continue;
            }

            if (call is { IsSettled: false, Otherwise: var (madeOn, madeFor) } && madeFor > answeredTo && call.Link == link && madeOn != link)
            {
                // The model was at an earlier question and asked for something else: this one is still to be made again.
                calls = calls.SetItem(i, call with { Link = madeOn, Question = madeFor, Otherwise = null, ToldOn = 0, IsSpokenAbout = call.EndsSilently });
                continue;
            }

            if (call.Status == CallStatus.Open && !call.IsSettled && call.Link != link && !told)
            {
                vanished.Add(call.Id);
                calls = calls.SetItem(i, call with { IsSettled = true, Status = CallStatus.Vanished });
                continue;
            }

            calls = calls.SetItem(i, call.Status switch
            {
                CallStatus.Answered => call with { IsSettled = true, IsSeen = call.IsSeen || (call.ToldOn == link && call.IsSpokenAbout) },
                _ => call with { IsSettled = true },
            });
        }

        return ((this with { Calls = calls }).Aged(), vanished.ToImmutable());
    }

    /// <summary>The results of the turn that is replayed after a seed were told with it.</summary>
    public ToolBook Seeded(int link)
    {
        var book = this;
        foreach (var call in Recent.Where(call => call is { Status: CallStatus.Answered, IsSettled: false }))
        {
            book = book.Set(call with { ToldOn = link, IsSpokenAbout = true });
        }

        return book;
    }

    /// <summary>The same from the journal, where only the model's words tell whether it made use of a result.</summary>
    public ToolBook SettledIn(TurnCommitted turn)
    {
        var calls = Calls;
        for (var i = OldTo; i < calls.Count; i++)
        {
            calls = calls.SetItem(i, calls[i] with { IsSettled = true, IsSeen = calls[i].IsSeen || (calls[i].Status == CallStatus.Answered && turn.Model is not null) });
        }

        return (this with { Calls = calls }).Aged();
    }

    /// <summary>Whoever was asked for these is gone, or may be: nobody knows what became of them.</summary>
    public ToolBook Restored()
    {
        var calls = Calls;
        for (var i = OldTo; i < calls.Count; i++)
        {
            calls = calls[i].Status == CallStatus.Open ? calls.SetItem(i, calls[i] with { Status = CallStatus.Unknown }) : calls;
        }

        return this with { Calls = calls };
    }

    /// <summary>These open calls have never reached the client.</summary>
    public (ToolBook Book, ImmutableArray<string> Forgotten) Forgetting(Predicate<BookedCall> lost)
    {
        ImmutableArray<string> ids = [.. Recent.Where(call => call.Status == CallStatus.Open && lost(call)).Select(call => call.Id)];
        return (ids.Aggregate(this, (book, id) => book.Forget(id)), ids);
    }

    /// <summary>This call has never reached the client.</summary>
    public ToolBook Forget(string id) => Find(id) is { } call ? Set(call with { Status = CallStatus.Vanished, IsSettled = true }) : this;

    /// <summary>They ask for the same.</summary>
    public static bool AreSame(JsonElement args, JsonElement others) => Raw(args).SequenceEqual(Raw(others));

    private static ReadOnlySpan<byte> Raw(JsonElement args) => args.ValueKind == JsonValueKind.Undefined ? "{}"u8 : JsonMarshal.GetRawUtf8Value(args);

    private ToolBook Aged()
    {
        var old = OldTo;
        while (old < Calls.Count && Calls[old] is { IsSettled: true, Status: not (CallStatus.Open or CallStatus.Unknown), IsOwed: false })
        {
            old++;
        }

        return old == OldTo ? this : this with { OldTo = old };
    }
}
