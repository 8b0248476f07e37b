// What the caller of the script sees: sentences, or one JSON object per line for other programs.

export function reporter({ json, out }) {
  const started = performance.now();
  if (json) {
    return (event, details) => process.stdout.write(`${JSON.stringify({ event, atMs: Math.round(performance.now() - started), ...details })}\n`);
  }
  const print = out === '-' ? console.error : console.log;
  const latencies = [];
  return (event, details) => {
    switch (event) {
      case 'connected':
        return print(`${details.resumed ? 'back in' : 'connected,'} conversation ${details.conversationId ?? '(the server named none)'}`);
      case 'disconnected':
        return print(`disconnected: ${details.code} ${details.reason}`);
      case 'moving':
        return print(`moving to a new connection: ${details.why}`);
      case 'goAway':
        return print(`the server goes away in ${details.timeLeft}`);
      case 'turnComplete': {
        if (!details.answered) return print('(a reply was cut off)');
        if (details.latencyMs !== null) latencies.push(details.latencyMs);
        return print([
          `turn ${details.turn}`,
          `  you    ${details.user || '(no transcript)'}`,
          `  model  ${details.model || '(no transcript)'}`,
          `  first audio ${details.latencyMs ?? '?'} ms after the end of speech, ${(details.received.samples / 24000).toFixed(1)} s of reply`,
        ].join('\n'));
      }
      case 'done':
        return print([
          ...(details.failure ? [`failed: ${details.failure}`] : []),
          ...(latencies.length > 1 ? [`latency: median ${median(latencies)} ms, worst ${Math.max(...latencies)} ms over ${latencies.length} turns`] : []),
          `sent ${(details.sent.samples / 16000).toFixed(1)} s, heard ${(details.received.samples / 24000).toFixed(1)} s, ${details.sockets} connection${details.sockets === 1 ? '' : 's'}`
            + `${details.close ? `, closed with ${details.close.code}` : ''}`,
          ...(details.conversationId ? [`conversation ${details.conversationId}`] : []),
        ].join('\n'));
      default:
        return undefined; // transcripts are shown whole, with their turn
    }
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
