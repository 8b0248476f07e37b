import { parseArgs } from 'node:util';

export const usage = `Talks through a Gemini Live endpoint with the unmodified @google/genai client.

  node talk.mjs [options] question.wav [more.wav ...]
  arecord -q -t raw -f S16_LE -r 16000 -c 1 | node talk.mjs [options] -

  --url URL            Orchestrator's address            (default http://127.0.0.1:8080)
  --key KEY            one of its keys; the all-in-one prints one at start   (or ORCHESTRATOR_KEY)
  --model ID           (default gemini-3.8-live)
  --activity MODE      automatic: the server finds out when you speak; manual: the client says it (default automatic)
  --turns N            number of turns; the recordings are repeated in turn   (default: one per recording)
  --chunk MS           20 to 100 ms of audio per message (default 20)
  --gap MS             pause before each next turn       (default 300)
  --resume             return with the session's handle when the connection drops, says goAway or falls silent
  --out FILE           write the replies to a WAV file; - writes raw 24 kHz PCM to standard output
  --sent FILE          write the PCM that was sent (16 kHz, raw)
  --instructions TEXT  system instruction
  --timeout S          how long an answer may stay away  (default 15)
  --api-version V      v1, v1beta or v1alpha             (default: what the client takes)
  --rate HZ, --channels N   format of a raw stream on standard input (default 16000, 1)
  --json               one JSON object per line instead of text

Exit code: 0 every turn was answered, 1 wrong use, 2 a turn got no answer in time, 3 the connection failed.`;

/** The command line as options, or an error with a sentence for the user. */
export function readArguments(argv, environment) {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      key: { type: 'string', default: environment.ORCHESTRATOR_KEY },
      model: { type: 'string', default: 'gemini-3.8-live' },
      activity: { type: 'string', default: 'automatic' },
      turns: { type: 'string' },
      chunk: { type: 'string', default: '20' },
      gap: { type: 'string', default: '300' },
      resume: { type: 'boolean', default: false },
      out: { type: 'string' },
      sent: { type: 'string' },
      instructions: { type: 'string' },
      timeout: { type: 'string', default: '15' },
      'api-version': { type: 'string' },
      rate: { type: 'string', default: '16000' },
      channels: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return { help: true };

  const number = (name, low, high) => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < low || value > high) throw new Error(`--${name} must be a whole number from ${low} to ${high}`);
    return value;
  };
  if (positionals.length === 0) throw new Error('name a WAV file, or - for standard input');
  const microphone = positionals.includes('-');
  if (microphone && positionals.length > 1) throw new Error('- stands alone');
  if (!values.key) throw new Error('--key is missing: the all-in-one prints a development key at start');
  if (!['automatic', 'manual'].includes(values.activity)) throw new Error('--activity is automatic or manual');
  if (!URL.canParse(values.url)) throw new Error(`--url ${values.url} is no URL`);
  if (values.json && values.out === '-') throw new Error('--json and --out - both want standard output');

  return {
    url: values.url,
    key: values.key,
    model: values.model,
    apiVersion: values['api-version'],
    manual: values.activity === 'manual',
    resume: values.resume,
    instructions: values.instructions,
    connectTimeoutMs: 15000,
    files: microphone ? null : positionals,
    turns: values.turns === undefined ? positionals.length : number('turns', 1, 100000),
    chunkMs: number('chunk', 20, 100),
    gapMs: number('gap', 0, 60000),
    timeoutMs: number('timeout', 1, 600) * 1000,
    rawRate: number('rate', 8000, 192000),
    rawChannels: number('channels', 1, 2),
    out: values.out,
    sent: values.sent,
    json: values.json,
  };
}
