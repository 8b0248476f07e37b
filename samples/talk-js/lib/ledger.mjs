// What was heard and when: folds the server's messages into turns.

import { createHash } from 'node:crypto';

/** Models speak 24 kHz. */
export const replyRate = 24000;

/** Counts and hashes PCM, so that a test can compare it with what the other side recorded. */
export class PcmTally {
  #hash = createHash('sha256');
  samples = 0;

  add(bytes) {
    this.#hash.update(bytes);
    this.samples += bytes.length / 2;
  }

  report() {
    return { samples: this.samples, sha256: this.#hash.copy().digest('hex') };
  }
}

export class Ledger {
  #onEvent;
  #onAudio;
  #now;
  #turn = blankTurn();
  #answers = 0;
  #waiters = [];
  lastVoicedAt = null; // when the last chunk with speech in it was sent
  lastMessageAt;
  playedUntil = -Infinity; // when a listener will have heard all that was received
  received = new PcmTally();

  constructor({ event, audio, now = () => performance.now() }) {
    this.#onEvent = event;
    this.#onAudio = audio;
    this.#now = now;
    this.lastMessageAt = now();
  }

  /** True while the model is in the middle of an answer. */
  get speaking() {
    return this.#turn.audio.samples > 0;
  }

  take(message) {
    this.lastMessageAt = this.#now();
    const content = message.serverContent;
    if (content) this.#takeContent(content);
    const status = message.interactionStatus ?? content?.interactionStatus;
    if (content?.turnComplete) this.#turnEnded(status);
    else if (status === 'IDLE' && this.#turn.unfinished) this.#turnEnded(status);
  }

  #takeContent(content) {
    const turn = this.#turn;
    for (const part of content.modelTurn?.parts ?? []) {
      if (part.inlineData?.mimeType?.startsWith('audio/pcm')) this.#heard(Buffer.from(part.inlineData.data, 'base64'));
    }
    if (content.inputTranscription?.text) {
      turn.user += content.inputTranscription.text;
      this.#onEvent('transcript', { who: 'user', text: content.inputTranscription.text });
    }
    if (content.outputTranscription?.text) {
      turn.model += content.outputTranscription.text;
      this.#onEvent('transcript', { who: 'model', text: content.outputTranscription.text });
    }
    if (content.interrupted) {
      this.playedUntil = this.#now();
      turn.interrupted = true;
      this.#onEvent('interrupted', {});
    }
  }

  #heard(pcm) {
    if (!this.speaking && this.lastVoicedAt !== null) this.#turn.latencyMs = Math.round(this.#now() - this.lastVoicedAt);
    this.#turn.audio.add(pcm);
    this.received.add(pcm);
    this.playedUntil = Math.max(this.playedUntil, this.#now()) + pcm.length / 2 / (replyRate / 1000);
    this.#onAudio(pcm);
  }

  #turnEnded(status) {
    const turn = this.#turn;
    // Extended thinking closes a turn for its filler words and goes on; only IDLE ends the answer.
    if (status === 'IN_PROGRESS') {
      turn.unfinished = true;
      return;
    }
    this.#turn = blankTurn();
    const answered = turn.audio.samples > 0 && !turn.interrupted;
    this.#onEvent('turnComplete', {
      turn: answered ? ++this.#answers : null,
      answered,
      latencyMs: turn.latencyMs,
      user: turn.user.trim(),
      model: turn.model.trim(),
      received: turn.audio.report(),
    });
    if (answered) for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Resolves when the next whole answer has been heard. Ask before the question ends. */
  nextAnswer() {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}

const blankTurn = () => ({ user: '', model: '', audio: new PcmTally(), latencyMs: null, interrupted: false, unfinished: false });
