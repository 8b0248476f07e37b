// What the user says: recordings or a microphone, cut into chunks of 16 kHz PCM.

import { readFile } from 'node:fs/promises';
import { resample, Resampler } from './resample.mjs';
import { readHeader, readWav, toBytes, toMono, toSamples } from './wav.mjs';

export const rate = 16000;
const voicedRms = 0.01 * 32768; // -40 dBFS

/** A recording as chunks; `lastVoiced` is the number of the last one with speech in it. */
export async function loadRecording(path, chunkMs, { padded }) {
  const wav = readWav(await readFile(path));
  const samples = resample(wav.samples, wav.rate, rate);
  if (samples.length === 0) throw new Error(`${path} has no samples`);
  const size = (rate * chunkMs) / 1000;
  const chunks = [];
  for (let at = 0; at < samples.length; at += size) {
    const chunk = samples.subarray(at, at + size);
    // An open microphone delivers whole chunks; between activityStart and activityEnd the last may be short.
    chunks.push(toBytes(padded && chunk.length < size ? Int16Array.from({ length: size }, (_, i) => chunk[i] ?? 0) : chunk));
  }
  const lastVoiced = chunks.findLastIndex(isVoiced);
  return { path, chunks, lastVoiced: lastVoiced < 0 ? chunks.length - 1 : lastVoiced };
}

export function isVoiced(bytes) {
  const samples = toSamples(bytes);
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  return Math.sqrt(energy / samples.length) > voicedRms;
}

/** A stream (raw PCM16, or a WAV as `arecord -t wav` writes it) as chunks while they come in. */
export async function* listen(stream, chunkMs, { rawRate, rawChannels }) {
  const size = ((rate * chunkMs) / 1000) * 2;
  let format = null;
  let resampler;
  let rest = Buffer.alloc(0);
  let ready = Buffer.alloc(0);

  for await (const piece of stream) {
    rest = Buffer.concat([rest, piece]);
    if (!format) {
      if (rest.length < 12) continue;
      format = rest.toString('latin1', 0, 4) === 'RIFF' ? readHeader(rest) : { rate: rawRate, channels: rawChannels, dataStart: 0 };
      if (!format) continue; // the header goes on
      rest = rest.subarray(format.dataStart);
      resampler = new Resampler(format.rate, rate);
    }
    const whole = rest.length - (rest.length % (2 * format.channels));
    ready = Buffer.concat([ready, toBytes(resampler.push(toMono(toSamples(rest.subarray(0, whole)), format.channels)))]);
    rest = rest.subarray(whole);
    for (; ready.length >= size; ready = ready.subarray(size)) yield ready.subarray(0, size);
  }
  if (resampler) ready = Buffer.concat([ready, toBytes(resampler.flush())]);
  for (; ready.length > 0; ready = ready.subarray(size)) yield ready.subarray(0, size);
}
