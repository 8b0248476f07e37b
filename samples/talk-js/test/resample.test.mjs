import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resample, Resampler } from '../lib/resample.mjs';

const tone = (hz, rate, seconds) => Int16Array.from({ length: rate * seconds }, (_, i) => Math.round(16000 * Math.sin((2 * Math.PI * hz * i) / rate)));
const rmsDb = (samples) => {
  const middle = samples.subarray(2000, samples.length - 2000);
  return 20 * Math.log10(Math.sqrt(middle.reduce((sum, s) => sum + s * s, 0) / middle.length) / (16000 / Math.SQRT2) + 1e-9);
};

for (const from of [8000, 22050, 24000, 44100, 48000]) {
  test(`${from} Hz to 16 kHz keeps a 1 kHz tone and its place`, () => {
    const output = resample(tone(1000, from, 1), from, 16000);
    assert.equal(output.length, 16000);
    assert.ok(Math.abs(rmsDb(output)) < 0.05, `gain ${rmsDb(output)} dB`);
    const expected = tone(1000, 16000, 1);
    for (let i = 2000; i < 14000; i++) assert.ok(Math.abs(output[i] - expected[i]) < 40, `sample ${i}: ${output[i]} for ${expected[i]}`);
  });
}

for (const [hz, from] of [[9000, 48000], [12000, 48000], [15500, 44100], [10500, 22050]]) {
  test(`${hz} Hz in ${from} Hz does not fold back`, () => {
    assert.ok(rmsDb(resample(tone(hz, from, 1), from, 16000)) < -60);
  });
}

test('a stream in odd pieces gives the same samples as one piece', () => {
  const input = tone(440, 44100, 0.5);
  const whole = resample(input, 44100, 16000);
  const resampler = new Resampler(44100, 16000);
  const pieces = [];
  for (let at = 0, size = 1; at < input.length; at += size, size = (size * 7) % 1013 + 1) pieces.push(...resampler.push(input.subarray(at, at + size)));
  pieces.push(...resampler.flush());
  assert.deepEqual(Int16Array.from(pieces), whole);
});

test('16 kHz passes through untouched', () => {
  const input = Int16Array.of(-32768, 5, 32767, 0, -1);
  assert.deepEqual(resample(input, 16000, 16000), input);
});

test('a full-scale square does not wrap around', () => {
  const square = Int16Array.from({ length: 48000 }, (_, i) => (Math.floor(i / 240) % 2 ? 32767 : -32768));
  const output = resample(square, 48000, 16000);
  for (let i = 100; i < 15900; i++) if (Math.floor((i * 3 + 60) / 240) === Math.floor((i * 3 - 60) / 240)) {
    assert.equal(Math.sign(output[i]), Math.floor((i * 3) / 240) % 2 ? 1 : -1);
  }
});
