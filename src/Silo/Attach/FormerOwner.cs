using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Orchestrator.Attach;
using Orchestrator.Cluster;
using Orchestrator.Grains.Actor;
using Orchestrator.Silo.Hosting;
using Orchestrator.Wire;

namespace Orchestrator.Silo.Attach;

/// <summary>
/// Asks the recorded owner of a conversation, over the internal link. It matters where a front-end cannot reach an owner that
/// this silo can: facts that are ready are written instead of refused, and upstream's connection is closed now, not at the
/// owner's next heartbeat. A silo that is dead refuses the connection, which costs nothing; one that is frozen costs the first
/// conversations that are taken from it <see cref="GreetingLimit"/>, and those that follow nothing.
/// </summary>
public sealed partial class FormerOwner(
    IOwnershipDirectory owners, SiloInstance self, ClusterOptions options, GrainMetrics metrics, TimeProvider clock, ILogger<FormerOwner> logger) : IFormerOwner
{
    /// <summary>How long the answer may take.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);

    /// <summary>How long its first word may take, of that.</summary>
    internal static readonly TimeSpan GreetingLimit = TimeSpan.FromMilliseconds(100);

    /// <summary>A silo that did not answer, or refused to be dialled, is left alone for so long.</summary>
    private static readonly TimeSpan SilentFor = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = logger;
    private readonly WireProof _proof = new(options.Secret);
    private readonly WireDialer _dialer = new(options.Tls);
    private readonly ConcurrentDictionary<SiloInstance, long> _silentAt = new();

    /// <summary>Silos speak TLS to one another only where they know whose certificates to trust.</summary>
    private bool CanSpeak => options.Tls.Certificate is null || options.Tls.Authority is not null;

    /// <inheritdoc/>
    public async Task AskAsync(AttachRequest request, CancellationToken cancellation)
    {
        if (!CanSpeak || await FindAsync(request, cancellation) is not { IsAlive: true, Address: { } at } owner)
        {
            return;
        }

        var instance = new SiloInstance(owner.Silo, owner.Incarnation);
        if (instance == self || IsSilent(instance))
        {
            return;
        }

        var released = await AskAsync(instance, at, new ReleaseRequest(request.Tenant, request.Conversation, owner.Epoch, request.Memory is not null), cancellation);
        metrics.Count(released is true ? "ownerReleased" : released is null ? "ownerSilent" : "ownerNotReleased");
        LogAsked(request.Conversation, owner.Silo, released);
    }

    private async Task<ConversationOwner?> FindAsync(AttachRequest request, CancellationToken cancellation)
    {
        try
        {
            return await owners.FindOwnerAsync(request.Tenant, request.Conversation, cancellation);
        }
        catch (IOException)
        {
            // The claim, which comes next, says so to whoever is concerned.
            return null;
        }
    }

    /// <returns>Null when it did not answer in time.</returns>
    private async Task<bool?> AskAsync(SiloInstance owner, Uri at, ReleaseRequest request, CancellationToken cancellation)
    {
        using var greeting = new CancellationTokenSource(GreetingLimit, clock);
        using var limit = new CancellationTokenSource(Limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(greeting.Token, cancellation);
        WireConnection? wire = null;
        ReleaseCall? call = null;
        try
        {
            var (socket, stream) = await _dialer.OpenAsync(at.Host, at.Port, both.Token);
            wire = new WireConnection(stream, socket, options.Bounds(), clock);
            call = new ReleaseCall(wire, _proof, $"silo {self.Name}", owner, request);
            _ = Task.Run(call.RunAsync, CancellationToken.None);
            return await call.Greeted.WaitAsync(both.Token) && await call.Answered.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            wire?.End(new WireFault(WireFaultCode.Timeout, "The silo did not answer in time."), tell: false);
            if (call is not { Greeted.IsCompleted: true })
            {
                NoteSilence(owner);
            }

            return null;
        }
        catch (Exception failure) when (failure is SocketException or IOException or AuthenticationException)
        {
            // A process that is gone does not come back, what is started in its place is another incarnation; and one whose
            // connections break is not worth a dial for each of its conversations.
            NoteSilence(owner);
            return false;
        }
    }

    private bool IsSilent(SiloInstance silo) => _silentAt.TryGetValue(silo, out var at) && clock.GetElapsedTime(at) < SilentFor;

    private void NoteSilence(SiloInstance silo)
    {
        foreach (var (old, at) in _silentAt)
        {
            if (clock.GetElapsedTime(at) >= SilentFor)
            {
                _silentAt.TryRemove(old, out _);
            }
        }

        _silentAt[silo] = clock.GetTimestamp();
    }

    [LoggerMessage(1, LogLevel.Information, "Conversation {Conversation} is taken over from silo {Silo}, which was asked to release it: {Released}", EventName = "ReleaseAsked")]
    private partial void LogAsked(ConversationId conversation, string silo, bool? released);
}
