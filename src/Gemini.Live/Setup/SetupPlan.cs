using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Gemini.Live.Models;
using Gemini.Live.Scanning;

namespace Gemini.Live.Setup;

/// <summary>What a client's <c>setup</c> asks for, read once (dossier §2.1).</summary>
/// <param name="Model">As the client wrote it, for example <c>models/gemini-3.8-live</c>.</param>
/// <param name="Entry">What the model does; the newest family's entry for a model that we do not know.</param>
/// <param name="ModelKnown">False when <paramref name="Entry"/> only stands in.</param>
/// <param name="ManualActivity">The client sends activityStart and activityEnd itself.</param>
/// <param name="WantsInputTranscription">The client asked to be told what the user says.</param>
/// <param name="WantsOutputTranscription">The client asked to be told what the model says.</param>
/// <param name="WantsResumption">The client asked for handles.</param>
/// <param name="Handle">The handle it presents; null without one.</param>
/// <param name="AwaitsConsent">The setup carries consent audio for a voice: <c>setupComplete</c> brings the signature and must be upstream's.</param>
/// <param name="HasInitialHistory">The first <c>clientContent</c> is history and starts no turn.</param>
/// <param name="OffersProactivity">The model may answer speech with silence, by request or by nature.</param>
/// <param name="NoInterruption"><c>activityHandling</c> is NO_INTERRUPTION.</param>
/// <param name="SilenceDuration">Silence that ends a turn under automatic detection; null when the client leaves it to the server.</param>
public sealed record SetupPlan(
    string Model,
    ModelEntry Entry,
    bool ModelKnown,
    bool ManualActivity,
    bool WantsInputTranscription,
    bool WantsOutputTranscription,
    bool WantsResumption,
    string? Handle,
    bool AwaitsConsent,
    bool HasInitialHistory,
    bool OffersProactivity,
    bool NoInterruption,
    TimeSpan? SilenceDuration)
{
    /// <summary>The setup object as sent, except that <c>sessionResumption</c> has lost its handle. What the journal keeps.</summary>
    public required JsonElement Setup { get; init; }

    /// <summary>SHA-256 (lower-case hex) of the canonical setup without <c>sessionResumption</c>: what a checkpoint is bound to.</summary>
    public required string Hash { get; init; }

    /// <summary>
    /// Reads the first frame of a client. Refused is what no model would take: not a setup, no model, a malformed
    /// <c>sessionResumption</c>, and what the catalog is sure that this model forbids. The rest is upstream's to judge.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> setupFrame, [NotNullWhen(true)] out SetupPlan? plan, out WireFault fault)
    {
        plan = null;
        if (!Utf8.IsValid(setupFrame))
        {
            fault = WireFault.NotJson;
            return false;
        }

        if (!FrameScanner.TryScanClient(setupFrame, out var frame, out fault))
        {
            return false;
        }

        if (frame.Kind != ClientMessageKind.Setup)
        {
            fault = WireFault.InvalidArgument;
            return false;
        }

        try
        {
            return TryRead(JsonElement.Parse(setupFrame, SetupRules.DocumentOptions), out plan, out fault);
        }
        catch (InvalidOperationException)
        {
            // A name or value that is no Unicode text: broken UTF-8, or an escaped lone surrogate.
            fault = WireFault.NotJson;
            return false;
        }
    }

    /// <summary>The plan of a setup that was kept in a journal.</summary>
    /// <exception cref="JsonException">The setup is not one that <see cref="TryRead(ReadOnlySpan{byte}, out SetupPlan?, out WireFault)"/> accepts.</exception>
    public static SetupPlan FromJournal(JsonElement setup) =>
        SetupRules.Check(setup) is { } refusal ? throw new JsonException($"Not a setup: {refusal.Reason}") : Read(setup);

    private static bool TryRead(JsonElement message, [NotNullWhen(true)] out SetupPlan? plan, out WireFault fault)
    {
        plan = null;
        fault = default;
        foreach (var member in message.EnumerateObject())
        {
            if (!member.NameEquals("setup"u8) && member.Value.ValueKind != JsonValueKind.Null)
            {
                fault = WireFault.UnknownName(member.Name);
                return false;
            }
        }

        var setup = message.GetProperty("setup"u8);
        if (SetupRules.Check(setup) is { } refusal)
        {
            fault = refusal;
            return false;
        }

        plan = Read(setup);
        return true;
    }

    private static SetupPlan Read(JsonElement setup)
    {
        var model = WireObject.Get(setup, "model").GetString()!;
        var entry = ModelCatalog.Find(model, out var known);
        var detection = WireObject.Get(setup, "realtimeInputConfig", "automaticActivityDetection");
        var handle = WireObject.Get(setup, "sessionResumption", "handle");
        var silence = WireObject.Get(detection, "silenceDurationMs");
        return new SetupPlan(
            model,
            entry,
            known,
            ManualActivity: WireObject.IsTrue(detection, "disabled"),
            WantsInputTranscription: WireObject.IsObject(setup, "inputAudioTranscription"),
            WantsOutputTranscription: WireObject.IsObject(setup, "outputAudioTranscription"),
            WantsResumption: WireObject.IsObject(setup, "sessionResumption"),
            Handle: handle.ValueKind == JsonValueKind.String && handle.GetString() is { Length: > 0 } text ? text : null,
            AwaitsConsent: WireObject.Get(
                setup, "generationConfig", "speechConfig", "voiceConfig", "replicatedVoiceConfig", "consentAudio").ValueKind == JsonValueKind.String,
            HasInitialHistory: WireObject.IsTrue(setup, "historyConfig", "initialHistoryInClientContent"),
            OffersProactivity: entry.MayStaySilent || WireObject.IsTrue(setup, "proactivity", "proactiveAudio"),
            NoInterruption: WireObject.Get(setup, "realtimeInputConfig", "activityHandling") is { ValueKind: JsonValueKind.String } handling
                && handling.ValueEquals("NO_INTERRUPTION"u8),
            SilenceDuration: silence.ValueKind == JsonValueKind.Number && silence.TryGetInt32(out var ms) && ms >= 0
                ? TimeSpan.FromMilliseconds(ms)
                : null)
        {
            Setup = WithoutHandle(setup),
            Hash = CanonicalSetup.Hash(setup),
        };
    }

    private static JsonElement WithoutHandle(JsonElement setup)
    {
        var raw = JsonMarshal.GetRawUtf8Value(setup);
        var handles = new List<FrameSlice>();
        foreach (var member in SetupMembers.Of(raw))
        {
            if (member.Is("sessionResumption"u8, "session_resumption"u8) && member.IsObject)
            {
                handles.AddRange(SetupMembers.Of(member.Value.Of(raw))
                    .Where(inner => inner.Is("handle"u8, "handle"u8))
                    .Select(inner => inner.Whole with { Start = inner.Whole.Start + member.Value.Start }));
            }
        }

        var output = new ArrayBufferWriter<byte>(raw.Length + 1);
        FrameEditor.WriteWithout(raw, CollectionsMarshal.AsSpan(handles), output);
        return JsonElement.Parse(output.WrittenSpan, SetupRules.DocumentOptions);
    }
}
