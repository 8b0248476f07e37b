using System.Text.Json;
using Orchestrator.Bench.Load.Traffic;
using Orchestrator.Testing;

namespace Orchestrator.Bench.Load.Targets;

/// <summary>Something that clients can talk through, running: where it is, and which processes it consists of.</summary>
internal abstract class Target : IAsyncDisposable
{
    public const string Method = RawLiveClient.Path;
    public const string Key = "acme-key";

    private readonly Stack<IAsyncDisposable> _owned = new();

    public abstract Uri Url { get; }

    /// <summary>The processes under test.</summary>
    public abstract IReadOnlyList<int> Processes { get; }

    /// <summary>Those of a database that the target needs.</summary>
    public virtual IReadOnlyList<int> Database => [];

    /// <summary>The client's first frame.</summary>
    public string Setup(TalkPlan plan) => JsonSerializer.Serialize(new
    {
        setup = new
        {
            model = "models/gemini-3.8-live",
            generationConfig = new { responseModalities = new[] { "AUDIO" } },
            realtimeInputConfig = plan.Manual ? new { automaticActivityDetection = new { disabled = true } } : (object)new { },
            inputAudioTranscription = new { },
            outputAudioTranscription = new { },
            sessionResumption = new { },
        },
    });

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var owned))
        {
            await owned.DisposeAsync();
        }
    }

    /// <summary>Ended with the target, last one first.</summary>
    protected T Own<T>(T owned)
        where T : IAsyncDisposable
    {
        _owned.Push(owned);
        return owned;
    }
}
