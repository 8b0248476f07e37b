using BenchmarkDotNet.Attributes;
using Orchestrator.Attach;
using Orchestrator.Wire;

namespace Orchestrator.Bench.Micro;

/// <summary>
/// What the internal link adds to a frame beside the sockets: a client's 20 ms of audio queued and written, and read again
/// and understood. Per frame; the reading row takes 32 frames that came in one read.
/// </summary>
[MemoryDiagnoser]
public class WireBenchmarks
{
    private const int Batch = 32;

    private readonly WireSender _sender = new(Stream.Null, WireFlusher.Shared, TimeProvider.System, 1 << 26, CancellationToken.None, _ => { });
    private readonly WireLane _lane = new(1 << 22);
    private readonly WireReader _reader = new() { MaxBody = 1 << 20 };
    private readonly InputWire _frame = new(new InputFrame(new byte[940], InputTraits.Audio | InputTraits.Voiced, 20) { Seq = 1 });
    private byte[] _batch = [];

    [GlobalSetup]
    public void Fill()
    {
        var size = WireHeader.Size + _frame.Size;
        _batch = new byte[Batch * size];
        for (var n = 0; n < Batch; n++)
        {
            new WireHeader(_frame.Size, WireKind.Input, (uint)n + 1).Write(_batch.AsSpan(n * size));
            var body = new WireWriter(_batch.AsSpan((n * size) + WireHeader.Size, _frame.Size));
            _frame.Write(ref body);
        }
    }

    [Benchmark]
    public bool ClientAudio20Ms_Send() => _sender.TrySend(1, _frame, _lane) == WireSend.Sent;

    [Benchmark(OperationsPerInvoke = Batch)]
    public long ClientAudio20Ms_Read()
    {
        _batch.CopyTo(_reader.Room());
        _reader.Filled(_batch.Length);
        long read = 0;
        while (_reader.TryNext(out _, out var body) && InputWire.TryRead(body, out var input))
        {
            read += input.Frame.Payload.Length;
        }

        return read;
    }
}
