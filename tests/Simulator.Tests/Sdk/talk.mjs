// The unmodified @google/genai client against the simulator: two turns of the test pattern, one tool call,
// a resume with the handle. Prints one JSON object; the test in C# judges it.
import { readFileSync } from 'node:fs';
import { GoogleGenAI, Modality } from '@google/genai';

const [baseUrl, model, pcmFile] = process.argv.slice(2);
const pcm = readFileSync(pcmFile);
const ai = new GoogleGenAI({ apiKey: 'good', httpOptions: { baseUrl } });
const seen = { heard: '', said: '', audioBytes: 0, turns: 0, tools: [], closes: [] };
let handle;

async function connect(resume) {
  let advance;
  const waiting = [];
  const session = await ai.live.connect({
    model,
    config: {
      responseModalities: [Modality.AUDIO],
      inputAudioTranscription: {},
      outputAudioTranscription: {},
      sessionResumption: resume ? { handle: resume } : {},
      tools: [{ functionDeclarations: [{ name: 'get_bill', description: 'A bill', parameters: { type: 'OBJECT', properties: { account: { type: 'STRING' } } } }] }],
    },
    callbacks: {
      onmessage: message => {
        const content = message.serverContent;
        seen.heard += content?.inputTranscription?.text ?? '';
        seen.said += content?.outputTranscription?.text ?? '';
        for (const part of content?.modelTurn?.parts ?? []) {
          if (part.inlineData) seen.audioBytes += Buffer.from(part.inlineData.data, 'base64').length;
        }
        if (message.sessionResumptionUpdate?.newHandle) handle = message.sessionResumptionUpdate.newHandle;
        for (const call of message.toolCall?.functionCalls ?? []) {
          seen.tools.push({ name: call.name, args: call.args });
          session.sendToolResponse({ functionResponses: [{ id: call.id, name: call.name, response: { output: 'paid' } }] });
        }
        waiting.push(message);
        advance?.();
      },
      onclose: event => seen.closes.push(event.code),
    },
  });
  const until = async found => {
    for (;;) {
      while (waiting.length > 0) {
        if (found(waiting.shift())) return;
      }
      await new Promise(resolve => { advance = resolve; });
    }
  };
  return { session, until };
}

const turnComplete = message => message.serverContent?.turnComplete;

async function talk({ session, until }) {
  for (let at = 0; at < pcm.length; at += 3200) {
    session.sendRealtimeInput({ audio: { data: pcm.subarray(at, at + 3200).toString('base64'), mimeType: 'audio/pcm;rate=16000' } });
  }
  await until(turnComplete);
  seen.turns++;
}

const first = await connect();
await talk(first);
await first.until(message => message.sessionResumptionUpdate?.newHandle);
first.session.close();
while (seen.closes.length === 0) await new Promise(resolve => setImmediate(resolve));

const second = await connect(handle);
second.session.sendRealtimeInput({ text: 'Show me the bill.' });
while (!seen.said.includes('settled')) await second.until(turnComplete);
seen.turns++;
second.session.close();
console.log(JSON.stringify(seen));
