using Gemini.Live.Models;

namespace Gemini.Live.Simulator.Model;

/// <summary>Turns words and sound into timed frames in the style of a model. Pure.</summary>
internal static class ReplyPlanner
{
    private const int BytesPerMs = 48;

    public static IReadOnlyList<PlannedStep> Plan(
        ModelBehaviour model, string text, ReadOnlyMemory<byte> pcm, string? thought, SimulatorOptions options, ReplyShape shape, bool firstPart)
    {
        var steps = new List<PlannedStep>();
        if (firstPart && model.Frames == FrameStyle.AudioWithTranscript)
            steps.Add(new PlannedStep.Filler(TimeSpan.Zero, ServerContent: true));
        if (thought is not null)
            steps.Add(new PlannedStep.Think(TimeSpan.Zero, thought));

        var at = TimeSpan.Zero;
        for (var i = 0; i < shape.Repeats; i++)
            at = Say(steps, at, model, i == 0 ? "" : " ", text, pcm, options, shape);
        steps.Add(new PlannedStep.Done(at));
        return steps;
    }

    /// <summary>The transcript in the pieces that the model would send it in; their concatenation is the text.</summary>
    public static IReadOnlyList<string> Pieces(FrameStyle style, string text)
    {
        if (style == FrameStyle.OnePartAndEmptyFrames)
        {
            // Fragments break inside words (cookbook#951).
            return [.. text.Chunk(9).Select(chunk => new string(chunk))];
        }
        var perPiece = style == FrameStyle.OneKindPerFrame ? 1 : 3;
        return [.. text.Split(' ').Chunk(perPiece).Select((words, i) => (i == 0 ? "" : " ") + string.Join(' ', words))];
    }

    private static TimeSpan Say(
        List<PlannedStep> steps, TimeSpan start, ModelBehaviour model, string before, string text, ReadOnlyMemory<byte> pcm, SimulatorOptions options, ReplyShape shape)
    {
        var style = model.Frames;
        var ahead = model.Facts.Transcripts == TranscriptStyle.AheadOfAudio && text.Length > 0;
        var pieces = text.Length == 0 ? [] : Pieces(style, text).Select((piece, i) => i == 0 ? before + piece : piece).ToList();
        var partBytes = Math.Max(BytesPerMs, (int)options.PartLength.TotalMilliseconds * BytesPerMs);
        var parts = (pcm.Length + partBytes - 1) / partBytes;
        var nextPiece = 0;
        var at = start;
        // An empty transcription opens it, one that says finished closes it, and then comes the audio (dossier §3.8.4).
        if (ahead)
            steps.Add(new PlannedStep.Speak(at, default, ""));
        if (ahead || shape.TranscriptAhead)
        {
            foreach (var piece in pieces)
                steps.Add(new PlannedStep.Speak(at, default, piece));
            nextPiece = pieces.Count;
        }
        if (ahead)
            steps.Add(new PlannedStep.TranscriptFinished(at));
        for (var i = 0; i < parts; i++)
        {
            at = start + Due(i, options, shape);
            var part = pcm.Slice(i * partBytes, Math.Min(partBytes, pcm.Length - (i * partBytes)));
            var piecesDue = (int)Math.Ceiling((i + 1.0) / parts * pieces.Count);
            if (style == FrameStyle.AudioWithTranscript)
            {
                var shared = nextPiece < piecesDue ? string.Concat(pieces.Skip(nextPiece).Take(piecesDue - nextPiece)) : null;
                nextPiece = Math.Max(nextPiece, piecesDue);
                steps.Add(new PlannedStep.Speak(at, part, shared));
                continue;
            }
            while (nextPiece < piecesDue)
                steps.Add(new PlannedStep.Speak(at, default, pieces[nextPiece++]));
            steps.Add(new PlannedStep.Speak(at, part, null));
            if (style == FrameStyle.OnePartAndEmptyFrames && i % 4 == 3)
                steps.Add(new PlannedStep.Filler(at, ServerContent: false));
        }
        while (nextPiece < pieces.Count)
            steps.Add(new PlannedStep.Speak(at, default, pieces[nextPiece++]));
        return start + Due(parts, options, shape);
    }

    /// <summary>When part number <paramref name="index"/> is sent, counted from the start of the speech.</summary>
    private static TimeSpan Due(int index, SimulatorOptions options, ReplyShape shape)
    {
        var played = options.PartLength * index;
        if (shape.Bursts is not { } bursts)
            return played / options.Pace;
        var burst = (int)(played / bursts.Burst);
        return (bursts.Burst + bursts.Gap) * burst;
    }
}
