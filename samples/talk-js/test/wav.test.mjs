import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { listen } from '../lib/speech.mjs';
import { readWav, toBytes, wrapWav } from '../lib/wav.mjs';

const ramp = Int16Array.from({ length: 1000 }, (_, i) => i * 30 - 15000);

function stereoExtensible(left, right, rate) {
  const data = Buffer.alloc(left.length * 4);
  left.forEach((s, i) => { data.writeInt16LE(s, i * 4); data.writeInt16LE(right[i], i * 4 + 2); });
  const head = Buffer.alloc(12 + 8 + 40 + 8 + 5 + 1 + 8);
  head.write('RIFF', 0); head.write('WAVE', 8);
  head.write('fmt ', 12); head.writeUInt32LE(40, 16);
  head.writeUInt16LE(0xfffe, 20); head.writeUInt16LE(2, 22); head.writeUInt32LE(rate, 24);
  head.writeUInt16LE(16, 34); head.writeUInt16LE(1, 44);
  head.write('LIST', 60); head.writeUInt32LE(5, 64); // an odd size is padded
  head.write('data', 74); head.writeUInt32LE(data.length, 78);
  return Buffer.concat([head, data]);
}

test('a written file reads back', () => {
  const wav = readWav(wrapWav(toBytes(ramp), 24000));
  assert.equal(wav.rate, 24000);
  assert.deepEqual(wav.samples, ramp);
});

test('stereo, an extensible header and foreign chunks are understood', () => {
  const wav = readWav(stereoExtensible(ramp, ramp.map((s) => -s + 10), 48000));
  assert.equal(wav.rate, 48000);
  assert.equal(wav.samples.length, 1000);
  assert.ok(wav.samples.every((s) => s === 5));
});

test('a file that was cut off gives what is there', () => {
  assert.equal(readWav(wrapWav(toBytes(ramp), 16000).subarray(0, 44 + 501)).samples.length, 250);
});

test('something else is refused with a sentence', () => {
  assert.throws(() => readWav(Buffer.from('ID3 this is an mp3 file')), /not a WAV file/);
  const floats = wrapWav(toBytes(ramp), 16000);
  floats.writeUInt16LE(3, 20);
  assert.throws(() => readWav(floats), /16-bit PCM is needed/);
});

test('a stream is cut into whole chunks whatever its pieces', async () => {
  const bytes = wrapWav(toBytes(ramp), 16000);
  for (const input of [bytes, bytes.subarray(44)]) {
    const pieces = [];
    for (let at = 0; at < input.length; at += 7) pieces.push(input.subarray(at, at + 7));
    const chunks = [];
    for await (const chunk of listen(Readable.from(pieces), 20, { rawRate: 16000, rawChannels: 1 })) chunks.push(chunk);
    assert.deepEqual(chunks.map((c) => c.length), [640, 640, 640, 80]);
    assert.deepEqual(Buffer.concat(chunks), bytes.subarray(44));
  }
});
