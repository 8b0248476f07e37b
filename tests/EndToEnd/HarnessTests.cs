using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.EndToEnd;

/// <summary>The tools that other tests trust.</summary>
public sealed class HarnessTests
{
    [Fact]
    public void ManualTime_Advanced_FiresTimersInTheOrderInWhichTheyAreDue()
    {
        var time = new ManualTime();
        List<(string Name, double At)> fired = [];
        void Arm(string name, int due, int period = Timeout.Infinite) =>
            time.CreateTimer(_ => fired.Add((name, (time.GetUtcNow() - new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)).TotalMilliseconds)), null, TimeSpan.FromMilliseconds(due), period == Timeout.Infinite ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(period));
        Arm("late", 50);
        Arm("early", 10);
        Arm("beat", 20, 20);
        Arm("early too", 10);

        time.Advance(TimeSpan.FromMilliseconds(60));

        Assert.Equal([("early", 10.0), ("early too", 10), ("beat", 20), ("beat", 40), ("late", 50), ("beat", 60)], fired);
        Assert.Equal(1, time.Armed);
    }

    [Fact]
    public void ManualTime_TimerArmedByATimer_FiresOnTheSameWay()
    {
        var time = new ManualTime();
        var count = 0;
        ITimer? timer = null;
        timer = time.CreateTimer(
            _ =>
            {
                if (++count < 5)
                {
                    timer!.Change(TimeSpan.FromMilliseconds(10), Timeout.InfiniteTimeSpan);
                }
            },
            null,
            TimeSpan.FromMilliseconds(10),
            Timeout.InfiniteTimeSpan);

        time.Advance(TimeSpan.FromMilliseconds(35));
        Assert.Equal(3, count);
        timer.Dispose();
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, count);
        Assert.Equal(1035, time.GetElapsedTime(0).TotalMilliseconds, tolerance: 0.001);
    }

    [Fact]
    public async Task ManualTime_Delay_EndsWhenTheClockIsMoved()
    {
        var time = new ManualTime();
        var delay = Task.Delay(TimeSpan.FromSeconds(5), time);
        time.Advance(TimeSpan.FromMilliseconds(4999));
        Assert.False(delay.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await Patience.For(delay, "the delay");
    }

    [Fact]
    public async Task Leftovers_OfARunThatEnds_AreTakenAway()
    {
        var run = new Leftovers();
        var directory = Directory.CreateTempSubdirectory(run.Prefix).FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "file"), "words");
        await using var foreign = ChildProcess.Start("foreign", "sleep", ["600"]);
        await using var ours = ChildProcess.Start("ours", "env", [$"{Leftovers.Variable}={run.Mark}", "sh", "-c", "sleep 600 & echo $!; wait"]);
        var grandchild = int.Parse(await ours.LineAsync(line => line.Length > 0, "the pid"), CultureInfo.InvariantCulture);

        run.Dispose();

        await ours.ExitAsync();
        Assert.False(Directory.Exists(directory));
        Assert.False(foreign.HasExited);
        await Patience.Until(() => Task.FromResult(IsGone(grandchild)), "the end of the grandchild");
    }

    /// <summary>A process that nobody has collected yet has no command line any more.</summary>
    private static bool IsGone(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Length == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    [Fact]
    public async Task TcpProxy_Frozen_KeepsTheConnectionOpenAndCarriesNothing()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var network = new TcpProxy(((IPEndPoint)server.LocalEndpoint).Port);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, network.Port);
        using var accepted = await server.AcceptTcpClientAsync();
        var buffer = new byte[100];
        await client.GetStream().WriteAsync(new byte[10]);
        await accepted.GetStream().ReadExactlyAsync(buffer.AsMemory(0, 10));

        network.Freeze();
        await client.GetStream().WriteAsync(new byte[10]);
        await accepted.GetStream().WriteAsync(new byte[10]);
        var (atServer, atClient) = (accepted.GetStream().ReadAsync(buffer).AsTask(), client.GetStream().ReadAsync(buffer).AsTask());
        Assert.NotSame(atServer, await Task.WhenAny(atServer, atClient, Task.Delay(200)));
        Assert.False(atServer.IsCompleted || atClient.IsCompleted);

        using var second = new TcpClient();
        await second.ConnectAsync(IPAddress.Loopback, network.Port);
        using var secondAccepted = await server.AcceptTcpClientAsync();
        await second.GetStream().WriteAsync(new byte[10]);
        await secondAccepted.GetStream().ReadExactlyAsync(buffer.AsMemory(0, 10));

        network.Reset();
        await Assert.ThrowsAnyAsync<IOException>(() => Patience.For(atClient, "the reset"));
        await Assert.ThrowsAnyAsync<IOException>(() => Patience.For(atServer, "the reset"));
    }

    [Fact]
    public async Task Patience_InVain_SaysForWhat()
    {
        var error = await Assert.ThrowsAsync<TimeoutException>(
            () => Patience.For(new TaskCompletionSource().Task, "a miracle", TimeSpan.FromMilliseconds(10), () => "nothing was seen"));

        Assert.Contains("a miracle", error.Message, StringComparison.Ordinal);
        Assert.Contains("nothing was seen", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChildProcess_ThatDiesBeforeItIsReady_FailsAtOnceWithItsOutput()
    {
        await using var child = ChildProcess.Start("sh", "sh", ["-c", "echo first words; echo last words >&2; exit 3"]);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => child.LineAsync(l => l.Contains("ready", StringComparison.Ordinal), "the ready line"));

        Assert.Contains("last words", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, await child.ExitAsync());
    }
}
