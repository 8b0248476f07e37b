using Orchestrator.Attach;
using Orchestrator.Grains.Actor;
using Xunit;

namespace Orchestrator.Grains.Tests.Actor;

/// <summary>
/// Everything that can happen to the input, in any order, against a model that is a plain list: what each link got, what
/// the log has lost and why. The seed is the test's argument, and part of every failure's name.
/// </summary>
public sealed class InputPumpPropertyTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Input_WhateverHappens_IsSentOncePerLinkInOrderAndLostOnlyWithAReason(int seed) => new Run(seed).Play(2_500);

    private sealed class Run
    {
        private const long SilenceMs = 400;
        private const long AfterSpeechMs = SilenceMs + 200;
        private const long PrerollMs = 2_000;

        private readonly Random _random;
        private readonly bool _manual;
        private readonly long _maxBytes;
        private readonly PumpRig _rig;
        private readonly List<Frame> _frames = [];
        private readonly List<Tenure> _tenures = [];
        private readonly List<RecordingLink> _abandoned = [];
        private Tenure? _now;
        private long _own;
        private long? _limit;
        private bool _isQuiet;

        public Run(int seed)
        {
            _random = new Random(seed);
            _manual = seed % 4 == 0;
            _maxBytes = seed % 3 == 0 ? 60_000 : 8 << 20;
            _rig = new PumpRig(_manual ? null : SilenceMs, _maxBytes);
        }

        public void Play(int steps)
        {
            for (var i = 0; i < steps; i++)
            {
                Step();
                Check();
            }

            ToTheEnd();
            _rig.Dispose();
            Assert.Equal(0, _rig.Pool.Out);
            foreach (var link in _abandoned.Append(_now?.Link).Where(link => link is { IsSending: true }))
            {
                var got = link!.Got.Count;
                _rig.Finish(link);
                Assert.Equal(got, link.Got.Count);
            }
        }

        private void Step()
        {
            switch (_random.Next(100))
            {
                case < 55:
                    Append();
                    break;
                case < 65:
                    _rig.Run(_random.Next(1, 60));
                    break;
                case < 73:
                    if (_now is { Link.IsSending: true })
                    {
                        _rig.Finish(_now.Link);
                    }

                    break;
                case < 76:
                    if (_abandoned.Find(link => link.IsSending) is { } old)
                    {
                        _rig.Finish(old);
                    }

                    break;
                case < 80:
                    if (_now is not null)
                    {
                        _now.Link.IsSlow = !_now.Link.IsSlow;
                    }

                    break;
                case < 83:
                    Change(_rig.NewLink());
                    break;
                case < 84:
                    Change(null);
                    break;
                case < 87:
                    Own();
                    break;
                case < 89:
                    _rig.Pump.Hold();
                    _limit = _rig.Log.Last;
                    break;
                case < 93:
                    _limit = null;
                    _rig.Pump.Release();
                    break;
                case < 96:
                    Quarantine();
                    break;
                default:
                    Trim();
                    break;
            }
        }

        private void Append()
        {
            // Spells of silence, so that there are pauses long enough to be thinned.
            _isQuiet ^= _random.Next(80) == 0;
            var (traits, ms, bytes) = _random.Next(20) switch
            {
                < 6 when !_isQuiet => (InputTraits.Audio | InputTraits.Voiced, 20, 400),
                < 15 => (InputTraits.Audio, 20 * _random.Next(1, 20), 400),
                15 => (InputTraits.Video, 0, _random.Next(50, 20_000)),
                16 => (InputTraits.ToolResponse, 0, 100),
                17 => (InputTraits.Audio | InputTraits.AudioStreamEnd, 20, 400),
                _ => (InputTraits.Text, 0, _random.Next(8, 600)),
            };
            _frames.Add(new Frame(_frames.Count + 1, traits, ms, bytes));
            Assert.Equal(_frames.Count, _rig.Keep(traits, ms, bytes));
            Lost(frame => IsThinnable(frame));
            _rig.Pump.Pump();
            _rig.Deliver();
            Evict();
        }

        /// <summary>Only sent silence in the middle of a long pause may go without a word.</summary>
        private bool IsThinnable(Frame frame)
        {
            if (_manual || frame.Traits != InputTraits.Audio || frame.Position > _rig.Log.SentTo)
            {
                return false;
            }

            var at = (int)frame.Position - 1;
            var speech = _frames.FindLastIndex(at, f => (f.Traits & InputTraits.Voiced) != 0);
            var pause = speech < 0 ? long.MaxValue : _frames.Skip(speech + 1).Take(at - speech - 1).Sum(f => (long)f.AudioMs);
            var after = _frames.Skip(at + 1).ToList();
            return pause >= AfterSpeechMs
                && !after.Exists(f => (f.Traits & InputTraits.Voiced) != 0)
                && after.Where(f => f.Traits == InputTraits.Audio && !_rig.Log[f.Position].IsDropped).Sum(f => (long)f.AudioMs) >= PrerollMs;
        }

        private void Evict()
        {
            var evicted = _rig.Log.Evict();
            var lost = Lost(_ => evicted is not null);
            if (evicted is { } report)
            {
                Assert.Equal(
                    new EvictedInput(lost[0].Position, lost[^1].Position, lost.Count, lost.Sum(f => (long)f.AudioMs), lost.Sum(f => (long)f.Bytes)),
                    report);
                var audio = _frames.Exists(f => (f.Traits & ~InputTraits.Voiced) == InputTraits.Audio && f.Position < _frames.Count && !f.IsLost);
                Assert.True(!audio || lost.TrueForAll(f => (f.Traits & InputTraits.Audio) != 0), "Something else went before audio.");
            }

            Assert.True(_rig.Log.Bytes <= _maxBytes || _rig.Kept().Count() == 1);
        }

        private void Quarantine()
        {
            var position = _random.NextInt64(_rig.Log.First, _rig.Log.Last + 2);
            _rig.Log.Quarantine(position);
            Lost(frame => frame.Position == position);
        }

        private void Trim()
        {
            var position = _random.NextInt64(_rig.Log.First - 1, _rig.Log.Last + 1);
            _rig.Log.TrimTo(position);
            Lost(frame => frame.Position <= position && frame.Position <= _rig.Log.SentTo);
        }

        private void Change(RecordingLink? link)
        {
            if (_now is not null)
            {
                _abandoned.Add(_now.Link);
            }

            if (link is null)
            {
                _rig.Pump.Detach();
                _now = null;
                return;
            }

            var after = _random.Next(3) == 0 ? _rig.Log.SentTo : _random.NextInt64(_rig.Log.First - 1, _rig.Log.Last + 1);
            var pace = _random.Next(3) == 0 ? double.PositiveInfinity : 4;
            link.IsSlow = _random.Next(4) == 0;
            _tenures.Add(_now = new Tenure(link, after, _rig.Log.Last));
            _limit = null;
            if (_random.Next(2) == 0)
            {
                _rig.Pump.Attach(link);
                Own();
                Assert.DoesNotContain(link.Positions, p => p > 0);
            }

            _rig.Pump.SendAfter(link, after, pace);
            _rig.Deliver();
        }

        private void Own()
        {
            var before = _now?.Link.Got.Count(got => PumpRig.PositionOf(got.Bytes) > 0);
            Assert.Equal(--_own, _rig.SendOwn());
            if (_now is not null)
            {
                _now.Own.Add((_own, before!.Value));
            }
        }

        /// <summary>Marks what the log has lost since the last look.</summary>
        private List<Frame> Lost(Predicate<Frame> mayBeLost)
        {
            var lost = _frames.FindAll(f => !f.IsLost && (f.Position < _rig.Log.First || _rig.Log[f.Position].IsDropped));
            foreach (var frame in lost)
            {
                Assert.True(mayBeLost(frame), $"{frame} was lost.");
                frame.IsLost = true;
            }

            return lost;
        }

        private void Check()
        {
            Lost(_ => false);
            Assert.Equal(_frames.Where(f => !f.IsLost).Sum(f => (long)f.Bytes), _rig.Log.Bytes);
            Assert.Equal(_frames.Where(f => !f.IsLost && f.Position > _rig.Log.SentTo).Sum(f => (long)f.Bytes), _rig.Log.UnsentBytes);
            if (_now is null)
            {
                return;
            }

            var got = _now.Link.Positions.ToList();
            var input = got.FindAll(p => p > 0);
            for (; _now.Checked < input.Count; _now.Checked++)
            {
                var frame = _frames[(int)input[_now.Checked] - 1];
                Assert.True(frame.Position > (_now.Checked == 0 ? _now.After : input[_now.Checked - 1]), "Out of order, or twice.");
                Assert.True(frame.Position > _now.ReplayTo || _tenures.Count == 1 || (frame.Traits & InputTraits.ToolResponse) == 0, "An old tool response was sent.");
                Assert.True(frame.Position <= (_limit ?? long.MaxValue), "Held input was sent.");
                Assert.Equal(frame.Bytes, _now.Link.Got[got.IndexOf(frame.Position)].Bytes.Length);
            }

            // In order, and no input in between since it was asked for.
            var own = got.FindAll(p => p < 0);
            Assert.Equal(_now.Own.Take(own.Count).Select(o => o.Number), own);
            foreach (var (number, before) in _now.Own)
            {
                var place = got.IndexOf(number);
                Assert.Equal(before, (place < 0 ? got : got.Take(place)).Count(p => p > 0));
            }

            var done = _rig.Replays.FindAll(r => r.Link == _now.Link);
            if (_rig.Log.SentTo < _now.ReplayTo)
            {
                Assert.Empty(done);
            }
            else if (!_now.Link.IsSending || input.Count > 0)
            {
                var replayed = input.FindAll(p => p <= _now.ReplayTo);
                Assert.Equal((replayed.Count, replayed.Sum(p => (long)_frames[(int)p - 1].AudioMs)), done.Select(d => (d.Frames, d.AudioMs)).Single());
            }
        }

        /// <summary>Nothing is in the way any more: the link gets all that there is.</summary>
        private void ToTheEnd()
        {
            if (_now is null)
            {
                Change(_rig.NewLink());
            }

            var link = _now!.Link;
            _limit = null;
            _rig.Pump.Release();
            link.IsSlow = false;
            for (var i = 0; i < 400; i++)
            {
                if (link.IsSending)
                {
                    _rig.Finish(link);
                }

                _rig.Run(_rig.Log.SentTo < _rig.Log.Last ? 500 : 1);
                Check();
            }

            Assert.Equal(_rig.Log.Last, _rig.Log.SentTo);
            Assert.Equal(0, _rig.Log.UnsentBytes);
            var got = link.Positions.ToHashSet();
            Assert.All(
                _frames.Where(f => f.Position > _now.After && !f.IsLost && !(f.Position <= _now.ReplayTo && _tenures.Count > 1 && f.Traits == InputTraits.ToolResponse)),
                f => Assert.Contains(f.Position, got));
            Assert.Equal(_now.Own.Count, got.Count(p => p < 0));
            Assert.False(_rig.Pump.IsClogged);
            // A send that nobody waits for any more, for the end of this.
            link.IsSlow = _random.Next(2) == 0;
            Append();
        }

        private sealed record Frame(long Position, InputTraits Traits, int AudioMs, int Bytes)
        {
            public bool IsLost { get; set; }
        }

        /// <summary>A link's time as the one that input goes to.</summary>
        private sealed record Tenure(RecordingLink Link, long After, long ReplayTo)
        {
            public List<(long Number, int After)> Own { get; } = [];

            public int Checked { get; set; }
        }
    }
}
