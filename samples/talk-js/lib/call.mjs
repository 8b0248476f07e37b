// The user's side of a call: who speaks when, and how long an answer may stay away.

import { PcmTally } from './ledger.mjs';
import { Pace, systemClock } from './pace.mjs';
import { isVoiced, listen, rate } from './speech.mjs';

export class NoAnswer extends Error {}

// With --resume: silence that lasts this long in the middle of a reply, or before one, means a dead socket.
const stalledMs = { speaking: 3000, due: 6000 };
const lingerMs = 600; // an open microphone stays open a moment, so that nothing that was said is still on its way

export class Call {
  #line;
  #ledger;
  #options;
  #onSent;
  #playing = null; // the recording that the open microphone picks up
  sent = new PcmTally();

  constructor(line, ledger, options, onSent) {
    this.#line = line;
    this.#ledger = ledger;
    this.#options = options;
    this.#onSent = onSent;
  }

  /** Talks recordings, one per turn. */
  async talk(recordings, turns) {
    const microphone = this.#options.manual ? null : this.#openMicrophone();
    for (let turn = 0; turn < turns; turn++) {
      if (turn > 0) await systemClock.sleep(this.#options.gapMs);
      const recording = recordings[turn % recordings.length];
      await (microphone ? this.#sayIntoMicrophone(recording) : this.#sayBetweenMarks(recording));
      await this.#inTime(this.#ledger.nextAnswer(), `turn ${turn + 1} (${recording.path})`);
    }
    await microphone?.close();
    await systemClock.sleep(lingerMs);
  }

  /** Passes a stream on as it comes, until it ends. */
  async passOn(stream) {
    const { manual, chunkMs } = this.#options;
    const pace = new Pace();
    let answer = this.#ledger.nextAnswer();
    if (manual) this.#line.say({ activityStart: {} });
    for await (const chunk of listen(stream, chunkMs, this.#options)) {
      await pace.after((chunk.length / 2 / rate) * 1000);
      if (isVoiced(chunk)) answer = this.#ledger.nextAnswer();
      this.#send(chunk, isVoiced(chunk));
    }
    this.#line.say(manual ? { activityEnd: {} } : { audioStreamEnd: true });
    await this.#inTime(answer, 'the end of the stream');
  }

  #send(chunk, voiced) {
    this.sent.add(chunk);
    this.#onSent(chunk);
    this.#line.say({ audio: { data: chunk.toString('base64'), mimeType: `audio/pcm;rate=${rate}` } });
    if (voiced) this.#ledger.lastVoicedAt = performance.now();
  }

  async #sayBetweenMarks(recording) {
    const pace = new Pace();
    this.#line.say({ activityStart: {} });
    for (const [i, chunk] of recording.chunks.entries()) {
      await pace.after((chunk.length / 2 / rate) * 1000);
      this.#send(chunk, i <= recording.lastVoiced);
    }
    this.#line.say({ activityEnd: {} });
  }

  /** A microphone that never stops, as automatic activity detection expects: silence when nobody speaks. */
  #openMicrophone() {
    const { chunkMs } = this.#options;
    const silence = Buffer.alloc(((rate * chunkMs) / 1000) * 2);
    let open = true;
    const loop = (async () => {
      const pace = new Pace();
      while (open) {
        await pace.after(chunkMs);
        const playing = this.#playing;
        if (!playing) {
          this.#send(silence, false);
          continue;
        }
        const i = playing.next++;
        this.#send(playing.recording.chunks[i], i <= playing.recording.lastVoiced);
        if (i === playing.recording.lastVoiced) playing.said();
        if (playing.next === playing.recording.chunks.length) this.#playing = null;
      }
    })();
    return { close: () => { open = false; return loop; } };
  }

  #sayIntoMicrophone(recording) {
    return new Promise((said) => { this.#playing = { recording, next: 0, said }; });
  }

  async #inTime(answer, what) {
    let heard = false;
    void answer.then(() => { heard = true; });
    const { timeoutMs, resume } = this.#options;
    const asked = performance.now();
    let moved = -Infinity;
    while (!heard) {
      await Promise.race([answer, systemClock.sleep(100)]);
      if (heard) return;
      // The server keeps quiet while what it has sent is being played.
      const quiet = performance.now() - Math.max(asked, moved, this.#ledger.lastMessageAt, this.#ledger.playedUntil);
      if (performance.now() - Math.max(asked, this.#ledger.lastMessageAt, this.#ledger.playedUntil) > timeoutMs) {
        throw new NoAnswer(`no answer to ${what} within ${timeoutMs / 1000} s`);
      }
      const limit = this.#ledger.speaking ? stalledMs.speaking : stalledMs.due;
      if (resume && quiet > limit) {
        await this.#line.move(`nothing heard for ${limit / 1000} s while a reply was due`);
        moved = performance.now();
      }
    }
  }
}
