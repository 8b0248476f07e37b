using Gemini.Live.Scanning;
using Orchestrator.Attach;
using Orchestrator.Grains.Conversations;
using Orchestrator.Grains.Recovery;
using Orchestrator.Grains.Tests.Conversations;
using Orchestrator.Journal;
using Orchestrator.Testing;
using Xunit;

namespace Orchestrator.Grains.Tests.Tools;

/// <summary>Random tool rounds, answers in any order and at any time, and losses: what either side may never see.</summary>
public sealed class ToolPropertyTests
{
    [Fact]
    public void RandomRounds_EachCallIsAskedOnce_AndEachIdAnsweredOnce()
    {
        for (var seed = 1; seed <= Rounds.Of(2_000); seed++)
        {
            try
            {
                new Run(seed).Play();
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>A model that makes the same calls whenever a turn is answered anew, and a client that runs them.</summary>
    private sealed class Run(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly Scenario _s = Scenario.Live();

        /// <summary>Arguments by client id: what the client was asked.</summary>
        private readonly Dictionary<string, string> _asked = new(StringComparer.Ordinal);
        private readonly HashSet<string> _answered = new(StringComparer.Ordinal);

        /// <summary>Calls that the present link's model waits for.</summary>
        private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
        private readonly HashSet<string> _durable = new(StringComparer.Ordinal);

        /// <summary>The turn that the model answers, the connection on which it does, and how many calls it has made there.</summary>
        private (int Settled, int Link, int Made) _turn;
        private int _ids;

        public void Play()
        {
            for (var i = 0; i < 60; i++)
            {
                _s.After(_random.Next(200));
                Any();
            }
        }

        private void Any()
        {
            switch (_random.Next(10))
            {
                case 0 when _s.State.Turn is Grains.Turns.TurnState.Idle:
                    _s.Asked();
                    Watch();
                    break;
                case 1 or 2 when IsLive && !_s.State.IsQuiet:
                    Call(_random.Next(1, 3));
                    break;
                case 3 or 4 or 5 when _asked.Keys.Except(_answered, StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList() is { Count: > 0 } open:
                    Answer(open[_random.Next(open.Count)]);
                    break;
                case 6 when IsLive && _waiting.Count == 0:
                    _s.Spoken(40, "w");
                    Watch();
                    break;
                case 7 when IsLive && (_waiting.Count == 0 || _random.Next(3) == 0):
                    _s.GenerationComplete().TurnComplete();
                    Watch();
                    _s.Committed();
                    Watch();
                    break;
                case 8 when _random.Next(3) == 0:
                    _s.Lost();
                    Lose();
                    break;
                case 9 when !IsLive:
                    _s.Ready();
                    Watch();
                    break;
            }
        }

        private bool IsLive => _s.State.Link is LinkState.Live;

        private void Lose()
        {
            Watch();
            _waiting.Clear();
        }

        private void Call(int count)
        {
            if ((_turn.Settled, _turn.Link) != (_s.State.Settled, _s.Link))
            {
                _turn = (_s.State.Settled, _s.Link, 0);
            }

            // Upstream's ids are few, so that they come again.
            var calls = Enumerable.Range(0, count).Select(n => ($"u{_ids++ % 5}x{_s.Link % 2}", "f", $$"""{"q":{{_turn.Settled}},"n":{{_turn.Made + n}}}""")).ToArray();
            if (calls.Select(call => call.Item1).Any(_waiting.Contains))
            {
                return;
            }

            _turn.Made += count;
            _waiting.UnionWith(calls.Select(call => call.Item1));
            _s.Call(calls);
            foreach (var forward in _s.Last.OfType<Effect.ForwardFrame>().Where(forward => !forward.StripTools))
            {
                foreach (var (id, _, args) in calls)
                {
                    Ask(id, args, forward.AfterFact);
                }
            }

            Watch();
        }

        private void Ask(string id, string args, long afterFact)
        {
            Assert.True(_asked.TryAdd(id, args), $"The client is asked for {id} twice.");
            Assert.True(_s.Last.OfType<Effect.Append>().Any(append => append is { Fact: ToolCalled called, Durability: Durability.Flushed } && called.Id == id && append.Position <= afterFact), $"{id} is not durable before it is asked.");
            Assert.True(_durable.Add(id));
            Assert.True(_asked.Count(asked => asked.Value == args) == 1, $"The client is asked for {args} twice.");
        }

        private void Answer(string id)
        {
            _answered.Add(id);
            _s.AnswerFor(id, $"\"r-{id}\"");
            if (!_s.Last.OfType<Effect.QuarantineInput>().Any())
            {
                Assert.True(IsLive, "A result goes up as it came, and nobody is there.");
                Assert.True(_waiting.Remove(id), $"{id} goes up as it came, and upstream does not wait for it.");
            }

            Watch();
        }

        /// <summary>What the step sent of its own.</summary>
        private void Watch()
        {
            foreach (var sent in _s.Last.SentUp())
            {
                var id = sent["id"]!.GetValue<string>();
                Assert.True(_waiting.Remove(id), $"{id} is answered, and upstream does not wait for it.");
            }

            foreach (var sent in _s.Last.OfType<Effect.SendToClient>())
            {
                var frame = System.Text.Json.Nodes.JsonNode.Parse(sent.Frame.Span)!;
                foreach (var call in frame["toolCall"]?["functionCalls"]?.AsArray() ?? [])
                {
                    Ask(call!["id"]!.GetValue<string>(), call["args"]!.ToJsonString(), sent.AfterFact);
                }

                foreach (var id in frame["toolCallCancellation"]?["ids"]?.AsArray() ?? [])
                {
                    Assert.Contains(id!.GetValue<string>(), _asked.Keys);
                }
            }
        }
    }
}
