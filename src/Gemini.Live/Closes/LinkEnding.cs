using Gemini.Live.Links;

namespace Gemini.Live.Closes;

/// <summary>How far a link had come when it ended. One value per link; combined only in rows of the table.</summary>
[Flags]
public enum ClosePhase
{
    /// <summary>Before the upgrade was answered with 101.</summary>
    Dialling = 1,
    /// <summary>Until <c>setupComplete</c>, without a handle.</summary>
    Setup = 2,
    /// <summary>Until <c>setupComplete</c>, with a handle.</summary>
    JustResumed = 4,
    /// <summary>Set up, and the model has not yet said anything on this link: some refusals of a setup come only here.</summary>
    FirstContent = 8,
    /// <summary>The model has spoken, written or called on this link.</summary>
    Live = 16,
    Any = Dialling | Setup | JustResumed | FirstContent | Live,
}

/// <summary>What went over the link lately, apart from audio.</summary>
[Flags]
public enum FrameKinds
{
    None = 0,
    /// <summary><c>clientContent</c>, a seed included.</summary>
    Content = 1,
    /// <summary><c>realtimeInput.text</c>.</summary>
    Text = 2,
    /// <summary><c>realtimeInput.video</c>.</summary>
    Video = 4,
    /// <summary><c>toolResponse</c>.</summary>
    ToolResponse = 8,
    /// <summary><c>contextUpdate</c>.</summary>
    ContextUpdate = 16,
    /// <summary>Anything else that the scanner does not know.</summary>
    Other = 32,
    /// <summary><c>activityStart</c>, <c>activityEnd</c> or <c>audioStreamEnd</c>.</summary>
    Marks = 64,
    /// <summary>A <c>toolCall</c> of the server that has no answer yet.</summary>
    OpenCall = 128,
    /// <summary>Frames that can be at fault: never audio, and marks are as good as audio.</summary>
    Suspects = Content | Text | Video | ToolResponse | ContextUpdate | Other,
    /// <summary>Signs of a tool round.</summary>
    Tools = ToolResponse | OpenCall,
}

/// <summary>How a link ended, with what was known about it then. What is not known is left out and decides nothing.</summary>
/// <param name="Loss">What was observed.</param>
/// <param name="Phase">How far the link had come.</param>
public sealed record LinkEnding(LinkLoss Loss, ClosePhase Phase)
{
    /// <summary>From here on a context counts as nearly full. Compression cuts at 80 % by default (dossier §4), so a
    /// session that gets here has none.</summary>
    public const double NearlyFull = 0.85;

    /// <summary>The setup of this link carried a resumption handle.</summary>
    public bool PresentedHandle { get; init; }

    /// <summary>The model has answered under this very setup before, so the setup cannot be what is wrong.</summary>
    public bool SetupProven { get; init; }

    /// <summary>The session's previous socket was not seen closed.</summary>
    public bool OldSocketMayBeOpen { get; init; }

    /// <summary>Prompt tokens of the last turn that told them.</summary>
    public int? LastPromptTokens { get; init; }

    /// <summary>Size of the model's context, in tokens.</summary>
    public int? ContextWindow { get; init; }

    /// <summary>Frames other than audio of the last seconds; null when nobody kept count.</summary>
    public FrameKinds? RecentFrames { get; init; }

    /// <summary>The same as flags, the form in which rows ask for it.</summary>
    public CloseFacts Facts =>
        (PresentedHandle ? CloseFacts.Handle : CloseFacts.None)
        | (SetupProven ? CloseFacts.ProvenSetup : CloseFacts.None)
        | (OldSocketMayBeOpen ? CloseFacts.OldSocket : CloseFacts.None)
        | (LastPromptTokens >= NearlyFull * ContextWindow ? CloseFacts.FullContext : CloseFacts.None)
        | (RecentFrames & FrameKinds.Suspects) switch
        {
            null => CloseFacts.None,
            FrameKinds.None => CloseFacts.OnlyAudio,
            _ => CloseFacts.SuspectFrame,
        }
        | ((RecentFrames & FrameKinds.Tools) is null or FrameKinds.None ? CloseFacts.None : CloseFacts.ToolRound);
}

/// <summary>What a row may ask for beside code, reason and phase.</summary>
[Flags]
public enum CloseFacts
{
    None = 0,
    /// <summary><see cref="LinkEnding.PresentedHandle"/>.</summary>
    Handle = 1,
    /// <summary><see cref="LinkEnding.SetupProven"/>.</summary>
    ProvenSetup = 2,
    /// <summary><see cref="LinkEnding.OldSocketMayBeOpen"/>.</summary>
    OldSocket = 4,
    /// <summary>The last prompt filled the context window to <see cref="LinkEnding.NearlyFull"/> or more.</summary>
    FullContext = 8,
    /// <summary>Known: lately nothing but audio and marks went out.</summary>
    OnlyAudio = 16,
    /// <summary>Known: lately some other frame went out.</summary>
    SuspectFrame = 32,
    /// <summary>Known: a tool call is open, or was just answered.</summary>
    ToolRound = 64,
}
