namespace Orchestrator.Grains.Actor;

/// <summary>
/// One conversation's inputs, handled one at a time by whichever thread brings one while nobody else is at it;
/// the others enqueue and return. Two orders hold: control before stream, and each of them first in, first out.
/// A thread that has handled <see cref="Batch"/> letters in a row hands the rest to the pool, so that no
/// conversation can keep a receiving thread for itself.
/// </summary>
internal sealed class Mailbox<TLetter>(Action<TLetter> handle) : IThreadPoolWorkItem
{
    private const int Batch = 64;

    private readonly Lock _gate = new();
    private readonly Queue<TLetter> _control = new();
    private readonly Queue<TLetter> _stream = new();
    private bool _busy;

    /// <summary>Tries to become the one thread that handles inputs, without a queue in between. Leave with <see cref="Leave"/>.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_busy || _control.Count > 0 || _stream.Count > 0)
            {
                return false;
            }

            return _busy = true;
        }
    }

    /// <summary>Handles what came meanwhile and lets go.</summary>
    public void Leave() => Drain();

    public void Post(TLetter letter, bool control)
    {
        lock (_gate)
        {
            (control ? _control : _stream).Enqueue(letter);
            if (_busy)
            {
                return;
            }

            _busy = true;
        }

        Drain();
    }

    void IThreadPoolWorkItem.Execute() => Drain();

    private void Drain()
    {
        for (var handled = 0; ; handled++)
        {
            TLetter? letter;
            lock (_gate)
            {
                if (_control.Count == 0 && _stream.Count == 0)
                {
                    _busy = false;
                    return;
                }

                if (handled == Batch)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                    return;
                }

                letter = _control.TryDequeue(out var urgent) ? urgent : _stream.Dequeue();
            }

            handle(letter);
        }
    }
}
