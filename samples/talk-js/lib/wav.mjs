// RIFF/WAVE with 16-bit PCM: what `arecord`, sox and phones write.

/** Where the samples of a WAV file are, and what they are; null when the header goes on beyond the buffer. */
export function readHeader(buffer) {
  if (buffer.length < 12 || buffer.toString('latin1', 0, 4) !== 'RIFF' || buffer.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error('not a WAV file (no RIFF/WAVE header)');
  }
  let format = null;
  for (let at = 12; at + 8 <= buffer.length;) {
    const id = buffer.toString('latin1', at, at + 4);
    const size = buffer.readUInt32LE(at + 4);
    const body = at + 8;
    if (id === 'fmt ') {
      if (body + size > buffer.length) return null;
      format = readFormat(buffer, body, size);
    } else if (id === 'data') {
      if (!format) throw new Error('WAV file without a format before its data');
      // A stream that was written to a pipe states 0 or a huge size: the data then runs to the end.
      return { ...format, dataStart: body, dataBytes: size === 0 ? Infinity : size };
    }
    at = body + size + (size & 1);
  }
  return null;
}

function readFormat(buffer, body, size) {
  if (size < 16) throw new Error('WAV file with a broken format chunk');
  const tag = buffer.readUInt16LE(body);
  // WAVE_FORMAT_EXTENSIBLE keeps the real tag in the first two bytes of its sub-format GUID.
  const encoding = tag === 0xfffe && size >= 26 ? buffer.readUInt16LE(body + 24) : tag;
  const channels = buffer.readUInt16LE(body + 2);
  const rate = buffer.readUInt32LE(body + 4);
  const bits = buffer.readUInt16LE(body + 14);
  if (encoding !== 1 || bits !== 16) throw new Error(`WAV file with ${bits}-bit samples of encoding ${encoding}; 16-bit PCM is needed`);
  if (channels !== 1 && channels !== 2) throw new Error(`WAV file with ${channels} channels; 1 or 2 are supported`);
  if (rate < 8000 || rate > 192000) throw new Error(`WAV file with a rate of ${rate} Hz`);
  return { rate, channels };
}

/** Reads a whole WAV file. */
export function readWav(buffer) {
  const header = readHeader(buffer);
  if (!header) throw new Error('WAV file without data');
  const end = Math.min(buffer.length, header.dataStart + header.dataBytes);
  return { rate: header.rate, samples: toMono(toSamples(buffer.subarray(header.dataStart, end)), header.channels) };
}

/** Little-endian bytes to samples; an odd last byte is dropped. */
export function toSamples(bytes) {
  const samples = new Int16Array(bytes.length >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(i * 2);
  return samples;
}

/** Samples to little-endian bytes. */
export function toBytes(samples) {
  const bytes = Buffer.alloc(samples.length * 2);
  for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i], i * 2);
  return bytes;
}

/** The mean of both channels. */
export function toMono(samples, channels) {
  if (channels === 1) return samples;
  const mono = new Int16Array(samples.length >> 1);
  for (let i = 0; i < mono.length; i++) mono[i] = Math.round((samples[2 * i] + samples[2 * i + 1]) / 2);
  return mono;
}

/** A mono 16-bit WAV file around PCM bytes. */
export function wrapWav(pcm, rate) {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + pcm.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([header, pcm]);
}
