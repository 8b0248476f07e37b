#!/usr/bin/env node
// Talks a recording or a microphone through Orchestrator. See README.md, or --help.

import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { readArguments, usage } from './lib/arguments.mjs';
import { Call, NoAnswer } from './lib/call.mjs';
import { Ledger, replyRate } from './lib/ledger.mjs';
import { Line } from './lib/line.mjs';
import { reporter } from './lib/report.mjs';
import { loadRecording } from './lib/speech.mjs';
import { wrapWav } from './lib/wav.mjs';

async function main() {
  let options;
  try {
    options = readArguments(process.argv.slice(2), process.env);
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    return 1;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }

  const report = reporter(options);
  let recordings = null;
  try {
    recordings = options.files && await Promise.all(options.files.map((f) => loadRecording(f, options.chunkMs, { padded: !options.manual })));
  } catch (error) {
    console.error(error.message);
    return 1;
  }

  const replies = [];
  const sentFile = options.sent && createWriteStream(options.sent);
  let giveUp;
  const lost = new Promise((_, reject) => { giveUp = reject; });
  lost.catch(() => {});
  const ledger = new Ledger({
    event: report,
    audio: (pcm) => { if (options.out === '-') process.stdout.write(pcm); else if (options.out) replies.push(pcm); },
  });
  const line = new Line(options, {
    message: (message) => ledger.take(message),
    event: (name, details) => {
      report(name, details);
      if (name === 'goAway' && options.resume) void line.move('the server is going away');
    },
    lost: giveUp,
  });
  const call = new Call(line, ledger, options, (chunk) => sentFile?.write(chunk));

  // Ctrl-C reaches the whole pipeline: the recorder stops, and the call ends with its last answer.
  if (!recordings) process.once('SIGINT', () => {});

  let code = 0;
  let failure = null;
  try {
    await line.connect();
    await Promise.race([lost, recordings ? call.talk(recordings, options.turns) : call.passOn(process.stdin)]);
  } catch (error) {
    code = error instanceof NoAnswer ? 2 : 3;
    failure = error.message;
  }
  const closed = await line.hangUp();

  if (options.out && options.out !== '-') await writeFile(options.out, wrapWav(Buffer.concat(replies), replyRate));
  if (sentFile) await new Promise((resolve) => sentFile.end(resolve));
  report('done', {
    ok: code === 0,
    failure,
    conversationId: line.conversationId,
    sockets: line.sockets,
    close: closed && { code: closed.code, reason: closed.reason ?? '' },
    sent: call.sent.report(),
    received: ledger.received.report(),
  });
  return code;
}

// The client library may keep timers of a dead socket; the call is over when it is over.
main().then((code) => process.stdout.write('', () => process.exit(code)));
