// One conversation over as many sockets as it takes, with the unmodified @google/genai client.

import { GoogleGenAI, Modality } from '@google/genai';

const retryDelays = [0, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000];

export class Line {
  #options;
  #ai;
  #session = null;
  #socket = 0; // counts sockets; callbacks of an older one are ignored
  #handle = null;
  #waiting = []; // what was said while no socket was open
  #hangingUp = null;
  #onMessage;
  #onEvent;
  #onLost;

  /**
   * @param options url, key, model, apiVersion, manual, instructions, resume, connectTimeoutMs
   * @param handlers message(m), event(name, details), lost(error): the conversation cannot go on
   */
  constructor(options, { message, event, lost }) {
    this.#options = options;
    this.#onMessage = message;
    this.#onEvent = event;
    this.#onLost = lost;
    this.#ai = new GoogleGenAI({
      apiKey: options.key,
      httpOptions: { baseUrl: options.url, ...(options.apiVersion && { apiVersion: options.apiVersion }) },
    });
  }

  conversationId = null;
  sockets = 0;

  async connect() {
    const socket = ++this.#socket;
    const mine = (handler) => (value) => { if (socket === this.#socket) handler(value); };
    let ended = null;
    const dial = this.#ai.live.connect({
      model: this.#options.model,
      config: this.#config(),
      callbacks: {
        onmessage: mine((message) => this.#received(message)),
        onerror: () => {}, // a close follows, and says more
        onclose: mine((close) => { ended = close; this.#closed(close); }),
      },
    });
    // Older versions of live.connect() never settle when the dial is refused or the socket closes before
    // setupComplete, and no version does while the other side says nothing: nobody may wait for it alone.
    const late = () => new Error(`no setupComplete within ${this.#options.connectTimeoutMs / 1000} s`);
    const session = await withTimeout(dial, this.#options.connectTimeoutMs, late).catch((error) => {
      throw new Error(`${error.message}\nIs Orchestrator running at ${this.#options.url}, and is --key one of its keys?`);
    });
    if (socket !== this.#socket) {
      session.close();
      throw new Error('abandoned');
    }
    this.#session = session;
    this.sockets++;
    this.#onEvent('connected', { conversationId: this.conversationId, resumed: this.sockets > 1 });
    for (const frame of this.#waiting.splice(0)) session.sendRealtimeInput(frame);
    if (ended) this.#closed(ended); // it closed before connect() had returned
  }

  #config() {
    const { manual, instructions, resume } = this.#options;
    return {
      responseModalities: [Modality.AUDIO],
      inputAudioTranscription: {},
      outputAudioTranscription: {},
      ...(instructions && { systemInstruction: { parts: [{ text: instructions }] } }),
      ...(resume && { sessionResumption: this.#handle ? { handle: this.#handle } : {} }),
      // The default coverage of newer models counts only what their own detection heard: with detection off, nothing.
      ...(manual && { realtimeInputConfig: { automaticActivityDetection: { disabled: true }, turnCoverage: 'TURN_INCLUDES_ONLY_ACTIVITY' } }),
    };
  }

  say(frame) {
    if (this.#session) this.#session.sendRealtimeInput(frame);
    else this.#waiting.push(frame);
  }

  #received(message) {
    if (message.setupComplete) this.conversationId = message.setupComplete.sessionId ?? this.conversationId;
    const update = message.sessionResumptionUpdate;
    if (update?.resumable && update.newHandle) this.#handle = update.newHandle;
    if (message.goAway) this.#onEvent('goAway', { timeLeft: message.goAway.timeLeft ?? null });
    this.#onMessage(message);
  }

  #closed(close) {
    if (this.#hangingUp) {
      this.#hangingUp(close);
      return;
    }
    if (!this.#session) return; // connect() reports it
    this.#session = null;
    this.#onEvent('disconnected', { code: close.code, reason: close.reason ?? '' });
    void this.#comeBack(null, `the connection was closed with ${close.code}${close.reason ? ` "${close.reason}"` : ''}`);
  }

  /**
   * Leaves a socket that may be dead without telling (half-open) and returns on a new one. The new one is opened
   * first: the newest wins, while closing the old one would tell the server to stop in the middle of a reply.
   */
  async move(why) {
    const old = this.#session;
    this.#session = null;
    this.#socket++;
    this.#onEvent('moving', { why });
    await this.#comeBack(old, why);
    old?.close();
  }

  async #comeBack(old, why) {
    let last = why;
    if (this.#options.resume && this.#handle) {
      for (const delay of retryDelays) {
        await new Promise((resolve) => setTimeout(resolve, delay));
        if (this.#hangingUp) return;
        try {
          await this.connect();
          return;
        } catch (error) {
          last = error.message;
          old?.close(); // Google itself lets nobody in while the old socket is open
        }
      }
    }
    this.#onLost(new Error(this.#options.resume ? `could not return: ${last}` : `${last}; --resume would have returned`));
  }

  /** Closes as a phone app does, and waits for the other side's answer. */
  async hangUp() {
    const session = this.#session;
    this.#session = null;
    if (!session) return null;
    const closed = new Promise((resolve) => { this.#hangingUp = resolve; });
    session.close();
    return withTimeout(closed, 5000, () => new Error('no answer to the close within 5 s')).catch((error) => ({ code: 1006, reason: error.message }));
  }
}

function withTimeout(promise, ms, error) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(error()), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
