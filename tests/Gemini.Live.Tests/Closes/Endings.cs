using System.Text;
using Gemini.Live.Closes;
using Gemini.Live.Links;

namespace Gemini.Live.Tests.Closes;

/// <summary>Makes ends of links, and everything that a row can be tried with.</summary>
internal static class Endings
{
    /// <summary>RFC 6455 §5.5: a control frame carries 125 bytes, two of them the code.</summary>
    public const int ReasonBytes = 123;

    public static readonly ClosePhase[] Phases = [ClosePhase.Dialling, ClosePhase.Setup, ClosePhase.JustResumed, ClosePhase.FirstContent, ClosePhase.Live];

    public static readonly LinkLossKind[] Kinds = Enum.GetValues<LinkLossKind>();

    public static LinkEnding Closed(int? code, string reason, ClosePhase phase) =>
        new(new LinkLoss(LinkLossKind.CloseFrame, code, reason), phase) { PresentedHandle = phase == ClosePhase.JustResumed };

    /// <summary>The reason as it arrives: cut at 123 bytes of UTF-8, never inside a character.</summary>
    public static string Cut(string reason)
    {
        var length = 0;
        var bytes = 0;
        foreach (var rune in reason.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > ReasonBytes)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return reason[..length];
    }

    /// <summary>The dossier shortens with an ellipsis; upstream goes on, and is cut.</summary>
    public static string AtLength(string reason) =>
        Cut(reason.Replace("…", string.Concat(Enumerable.Repeat(" and so on in Google's words", 10))));

    /// <summary>Every combination of facts that can be known together.</summary>
    public static IEnumerable<LinkEnding> WithAllFacts(LinkEnding ending)
    {
        FrameKinds?[] frames = [null, FrameKinds.None, FrameKinds.Marks, FrameKinds.Content, FrameKinds.ToolResponse, FrameKinds.OpenCall];
        foreach (var handle in new[] { false, true })
        {
            foreach (var proven in new[] { false, true })
            {
                foreach (var oldSocket in new[] { false, true })
                {
                    foreach (var tokens in new int?[] { null, 1_000, 125_000 })
                    {
                        foreach (var recent in frames)
                        {
                            yield return ending with
                            {
                                PresentedHandle = handle,
                                SetupProven = proven,
                                OldSocketMayBeOpen = oldSocket,
                                LastPromptTokens = tokens,
                                ContextWindow = 131_072,
                                RecentFrames = recent,
                            };
                        }
                    }
                }
            }
        }
    }

    /// <summary>False for what cannot happen: a close frame before the upgrade, a handle in a setup that had none.</summary>
    public static bool IsPossible(LinkEnding ending) =>
        (ending.Phase == ClosePhase.Dialling
            ? ending.Loss.Kind is not (LinkLossKind.CloseFrame or LinkLossKind.ProtocolViolation or LinkLossKind.NetworkLost)
            : ending.Loss.Kind is not (LinkLossKind.DialRefused or LinkLossKind.DialFailed or LinkLossKind.CircuitOpen))
        && ending.Phase switch
        {
            ClosePhase.Setup => !ending.PresentedHandle,
            ClosePhase.JustResumed => ending.PresentedHandle,
            _ => true,
        };

    public static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);
}
