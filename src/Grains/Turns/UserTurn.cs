using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Journal;

namespace Orchestrator.Grains.Turns;

/// <summary>What the user's side does to the turn region. The counters were updated by <see cref="MediaPath"/> before.</summary>
internal static class UserTurn
{
    public static void Sent(Transition t, ConversationInput.ClientSent sent)
    {
        CheckpointStep.InputCame(t, sent.Traits);
        Quarantine.Note(t, sent.Seq, sent.Traits);
        foreach (var (speaker, text) in sent.Given)
        {
            Given(t, sent.Seq, speaker, text);
        }

        var traits = sent.Traits;
        EarlyEnd.UserActs(t, traits);
        NoteActivity(t, traits);
        if ((traits & InputTraits.ClientContent) != 0)
        {
            t.State = t.State with { EchoExpected = false };
        }

        var state = t.State;
        if ((traits & InputTraits.ActivityStart) != 0)
        {
            t.State = state with { ActivityOpen = true, Turn = Began(state.Turn) };
        }
        else if ((traits & InputTraits.ActivityEnd) != 0)
        {
            t.State = state with { ActivityOpen = false };
            Asked(t, text: null);
        }
        else if ((traits & (InputTraits.Text | InputTraits.ContentComplete)) != 0)
        {
            if ((traits & InputTraits.ContentComplete) != 0 && state.Rules.InitialHistory && state.Turns == 0 && (state.Draft with { Given = [] }) == TurnDraft.Empty)
            {
                // All of it is history, its last turn too.
                Given(t, sent.Seq, Speaker.User, sent.Text ?? "");
                return;
            }

            Asked(t, sent.Text);
        }
        else if ((traits & InputTraits.AudioStreamEnd) != 0)
        {
            if (state.Turn is TurnState.UserSpeaking)
            {
                Asked(t, text: null);
            }
        }
        else if ((traits & InputTraits.Voiced) != 0)
        {
            t.State = state with { Turn = Began(state.Turn) };
        }
        else if ((traits & InputTraits.Audio) != 0 && state.Turn is TurnState.UserSpeaking && !state.Rules.ManualActivity)
        {
            // Enough silence: upstream will find the same, or has already.
            t.State = state with { Turn = new TurnState.AwaitingModel(state.Media.LastVoicedAt) };
        }
    }

    public static void Echoed(Transition t)
    {
        t.Count("historyEchoed");
        t.State = t.State with { EchoExpected = false };
    }

    public static void Evicted(Transition t, ConversationInput.InputEvicted evicted)
    {
        t.Count("inputEvicted");
        t.Append(new InputEvicted(evicted.From, evicted.To, evicted.AudioMs, evicted.Bytes) { Frames = evicted.Frames });
    }

    private static void Given(Transition t, long seq, Speaker speaker, string text)
    {
        // What an earlier owner has written down comes once more from the edge's log.
        if (text.Length > 0 && seq > t.State.GivenTo)
        {
            var said = new SpokenText(t.State.Turns + 1, speaker, text);
            t.Append(new ContentGiven(seq, said.Turn, speaker == Speaker.User ? "user" : "model", text));
            t.State = t.State with { Draft = t.State.Draft with { Given = t.State.Draft.Given.Add((seq, said)) } };
        }
    }

    private static void NoteActivity(Transition t, InputTraits traits)
    {
        var draft = t.State.Draft;
        if ((traits & (InputTraits.Voiced | InputTraits.ActivityStart | InputTraits.Text | InputTraits.ContentComplete)) != 0
            && (draft.WaitsForUser || t.State.Turn is TurnState.AwaitingModel))
        {
            t.State = t.State with { Draft = draft with { WaitsForUser = false, Crosses = draft.Crosses || t.State.Turn is TurnState.AwaitingModel } };
        }
    }

    private static TurnState Began(TurnState turn) =>
        turn is TurnState.Idle or TurnState.AwaitingModel ? TurnState.UserSpeaking.Instance : turn;

    /// <summary>The user is done and an answer is due. Words typed while the model speaks are the next turn's.</summary>
    private static void Asked(Transition t, string? text)
    {
        var draft = t.State.Draft;
        t.State = t.State with
        {
            Turn = t.State.Turn is TurnState.Idle or TurnState.UserSpeaking or TurnState.AwaitingModel
                ? new TurnState.AwaitingModel(t.Now)
                : t.State.Turn,
            Draft = draft.Answering
                ? draft with { NextAskedAt = t.Now, NextUserText = Join(draft.NextUserText, text), NextTyped = Join(draft.NextTyped, text) }
                : draft with { AskedAt = t.Now, UserText = Join(draft.UserText, text), Typed = Join(draft.Typed, text) },
        };
    }

    public static string Join(string before, string? text) =>
        string.IsNullOrEmpty(text) ? before : before.Length == 0 ? text : $"{before}\n{text}";

    /// <summary>True when the user has said something since the model began to answer.</summary>
    public static bool UserSpeaksAgain(ConversationState state) =>
        state.Draft.Answering && (state.ActivityOpen || state.Media.LastVoicedAt != 0);
}
