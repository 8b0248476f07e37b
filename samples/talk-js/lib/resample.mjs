// Rational resampling with a windowed sinc (Kaiser), as a stream.
//
// Speech models take 16 kHz. Dropping two of three samples of a 48 kHz recording folds everything above
// 8 kHz (the hiss of every "s") back into the speech band, and recognition suffers; so filter first.

const zeroCrossings = 24; // on each side, counted at the lower of both rates
const rollOff = 0.93; // of the lower Nyquist frequency; with the window below the stop band begins there
const kaiserBeta = 8.6; // about 85 dB of stop-band attenuation

const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));

function besselI0(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Converts a stream of 16-bit samples; equal rates pass through untouched. */
export class Resampler {
  #up;
  #down;
  #reach; // input samples needed on each side of an output's position
  #phases; // one filter per fractional position
  #history = new Float64Array(0);
  #historyStart; // input index of #history[0]; starts before 0 so that the first outputs see silence
  #consumed = 0;
  #produced = 0;

  constructor(from, to) {
    const divisor = gcd(from, to);
    this.#up = to / divisor;
    this.#down = from / divisor;
    const cutoff = (rollOff * Math.min(from, to)) / from; // relative to the input's Nyquist frequency
    this.#reach = Math.ceil(zeroCrossings / cutoff);
    this.#historyStart = -this.#reach;
    this.#history = new Float64Array(this.#reach);
    this.#phases = this.identical ? [] : Array.from({ length: this.#up }, (_, p) => this.#filter(p / this.#up, cutoff));
  }

  get identical() {
    return this.#up === this.#down;
  }

  #filter(fraction, cutoff) {
    const taps = new Float64Array(2 * this.#reach);
    let gain = 0;
    for (let i = 0; i < taps.length; i++) {
      const distance = i - this.#reach + 1 - fraction; // in input samples, from the output's position
      const x = Math.PI * cutoff * distance;
      const window = Math.max(0, 1 - (distance / this.#reach) ** 2);
      taps[i] = (x === 0 ? 1 : Math.sin(x) / x) * (besselI0(kaiserBeta * Math.sqrt(window)) / besselI0(kaiserBeta));
      gain += taps[i];
    }
    return taps.map((tap) => tap / gain);
  }

  /** Takes the next samples and returns those outputs that no later sample can change. */
  push(samples) {
    this.#consumed += samples.length;
    if (this.identical) return samples;
    const grown = new Float64Array(this.#history.length + samples.length);
    grown.set(this.#history);
    grown.set(samples, this.#history.length);
    this.#history = grown;
    return this.#produceBefore(Infinity);
  }

  /** The outputs that are left when the input is over. In total there are ceil(inputs × to / from). */
  flush() {
    if (this.identical) return new Int16Array(0);
    const total = Math.ceil((this.#consumed * this.#up) / this.#down);
    const padded = new Float64Array(this.#history.length + this.#reach + 1);
    padded.set(this.#history);
    this.#history = padded;
    return this.#produceBefore(total);
  }

  #produceBefore(total) {
    const output = [];
    for (; this.#produced < total; this.#produced++) {
      const position = this.#produced * this.#down;
      const centre = Math.floor(position / this.#up);
      const first = centre - this.#reach + 1 - this.#historyStart;
      const taps = this.#phases[position % this.#up];
      if (first + taps.length > this.#history.length) break;
      let sum = 0;
      for (let i = 0; i < taps.length; i++) sum += taps[i] * this.#history[first + i];
      output.push(Math.max(-32768, Math.min(32767, Math.round(sum))));
    }
    const keepFrom = Math.max(0, Math.floor((this.#produced * this.#down) / this.#up) - this.#reach + 1 - this.#historyStart);
    this.#history = this.#history.slice(Math.min(keepFrom, this.#history.length));
    this.#historyStart += keepFrom;
    return Int16Array.from(output);
  }
}

/** Converts a whole recording. */
export function resample(samples, from, to) {
  const resampler = new Resampler(from, to);
  const head = resampler.push(samples);
  const tail = resampler.flush();
  const all = new Int16Array(head.length + tail.length);
  all.set(head);
  all.set(tail, head.length);
  return all;
}
