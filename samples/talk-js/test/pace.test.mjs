import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../lib/ledger.mjs';
import { Pace } from '../lib/pace.mjs';

test('timers that fire late do not add up', async () => {
  let now = 0;
  const pace = new Pace({ now: () => now, sleep: async (ms) => { now += ms + 3; } });
  for (let i = 0; i < 1000; i++) await pace.after(20);
  assert.ok(now >= 20000 && now <= 20003, `${now} ms for 20 s`);
});

test('after a stall the backlog goes at once and the schedule stands', async () => {
  let now = 0;
  const sleeps = [];
  const pace = new Pace({ now: () => now, sleep: async (ms) => { sleeps.push(ms); now += ms; } });
  await pace.after(20);
  now += 50;
  await pace.after(20);
  await pace.after(20);
  await pace.after(20);
  assert.deepEqual(sleeps, [20, 10]);
});

const audio = (samples) => ({ serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data: Buffer.alloc(samples * 2).toString('base64') } }] } } });

function ledger() {
  const events = [];
  let now = 0;
  const book = new Ledger({ event: (name, details) => events.push({ name, ...details }), audio: () => {}, now: () => now });
  return { book, events, at: (ms) => { now = ms; } };
}

test('latency runs from the end of speech to the first audio', () => {
  const { book, events, at } = ledger();
  book.lastVoicedAt = 1000;
  at(1400); book.take(audio(480));
  at(1900); book.take(audio(480));
  book.take({ serverContent: { turnComplete: true } });
  assert.equal(events.at(-1).latencyMs, 400);
  assert.equal(events.at(-1).received.samples, 960);
});

test('an interrupted or empty turn is no answer', async () => {
  const { book, events } = ledger();
  let answered = false;
  const answer = book.nextAnswer().then(() => { answered = true; });
  book.take(audio(10));
  book.take({ serverContent: { interrupted: true } });
  book.take({ serverContent: { turnComplete: true } });
  book.take({ serverContent: { turnComplete: true } });
  await Promise.resolve();
  assert.equal(answered, false);
  book.take(audio(10));
  book.take({ serverContent: { turnComplete: true } });
  await answer;
  assert.deepEqual(events.filter((e) => e.name === 'turnComplete').map((e) => e.turn), [null, null, 1]);
});

test('extended thinking answers when it is idle, not at its filler words', () => {
  const { book, events } = ledger();
  book.take(audio(10));
  book.take({ serverContent: { turnComplete: true, interactionStatus: 'IN_PROGRESS' } });
  book.take(audio(10));
  book.take({ serverContent: { turnComplete: true }, interactionStatus: 'IDLE' });
  const turns = events.filter((e) => e.name === 'turnComplete');
  assert.equal(turns.length, 1);
  assert.equal(turns[0].received.samples, 20);
});
