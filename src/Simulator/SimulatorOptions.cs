using Gemini.Live.Simulator.Faults;
using Gemini.Live.Simulator.Model;

namespace Gemini.Live.Simulator;

/// <summary>What an operator may set; configuration section <c>Simulator</c>.</summary>
public sealed class SimulatorOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Simulator";

    /// <summary>Seed of everything random: ids, late handles, fillers. Default 1.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Keys that are valid; empty (the default) accepts any non-empty key.</summary>
    public List<string> ApiKeys { get; set; } = [];

    /// <summary>From the end of the user's turn to the first output. Default 300 ms.</summary>
    public TimeSpan ReplyDelay { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Speed of the audio stream as a multiple of real time. Default 1.5; below 1 the listener starves.</summary>
    public double Pace { get; set; } = 1.5;

    /// <summary>Length of one audio part. Default 40 ms.</summary>
    public TimeSpan PartLength { get; set; } = TimeSpan.FromMilliseconds(40);

    /// <summary>How long a connection may live. Default 10 minutes, then 1011.</summary>
    public TimeSpan ConnectionCap { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long before the cap goAway is sent; zero sends none. Default 60 s.</summary>
    public TimeSpan GoAwayLead { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a handle is good after its session's last connection ended. Default 2 h.</summary>
    public TimeSpan HandleLifetime { get; set; } = TimeSpan.FromHours(2);

    /// <summary>Tokens that fit; beyond it the connection closes 1007 unless compression is on. Default 131,072.</summary>
    public int ContextWindow { get; set; } = 131_072;

    /// <summary>How long the server waits for setup before it closes. Default 60 s.</summary>
    public TimeSpan SetupTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Silence that ends speech when the setup does not say. Default 500 ms.</summary>
    public TimeSpan SilenceDuration { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Voiced audio that starts speech when the setup does not say. Default 40 ms.</summary>
    public TimeSpan PrefixPadding { get; set; } = TimeSpan.FromMilliseconds(40);

    /// <summary>RMS amplitude above which a window of 10 ms is voiced. Default 300; low sensitivity doubles it.</summary>
    public int SpeechThreshold { get; set; } = 300;

    /// <summary>Another handle comes every so often outside of turns as well; zero for none. Default zero.</summary>
    public TimeSpan HandleEvery { get; set; }

    /// <summary>Reason text of the 1011 that refuses a resume while the old socket is open (Google's text is not public).</summary>
    public string OldSocketOpenReason { get; set; } = "Internal error encountered.";

    /// <summary>Frames kept per session for <c>/wire</c>; older ones are dropped. Default 4,000.</summary>
    public int WireLogFrames { get; set; } = 4_000;

    /// <summary>Ended sessions kept in memory with their audio; older ones are forgotten. Default 1,000.</summary>
    public int EndedSessionsKept { get; set; } = 1_000;

    /// <summary>Keep what was said, sample by sample: 32 KB per second of user audio and 48 KB of model audio. Off, the
    /// memory still counts samples but has no audio and no digests; for load tests. Default true.</summary>
    public bool KeepAudio { get; set; } = true;

    /// <summary>Scripted replies, first match wins; without a match the demo voice answers.</summary>
    public List<ScriptRule> Scripts { get; set; } = [];

    /// <summary>Faults to inject from the start.</summary>
    public List<FaultRule> Faults { get; set; } = [];

    public SimulatorKnobs Knobs { get; set; } = new();
}
