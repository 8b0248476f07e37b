// What a team would write instead: each client gets a connection to upstream of its own, and frames pass as they are.
// node relay.mjs <port> <upstream port>
import { WebSocket, WebSocketServer } from 'ws';

const [port, upstreamPort] = process.argv.slice(2).map(Number);
// As fast as ws goes: no compression, and text that is not read need not be checked.
const options = { perMessageDeflate: false, skipUTF8Validation: true };

function pass(from, to) {
  from.on('message', (data, isBinary) => {
    if (to.readyState === WebSocket.OPEN) to.send(data, { binary: isBinary });
  });
  from.on('error', () => to.terminate());
  from.on('close', () => to.close());
}

const server = new WebSocketServer({ host: '127.0.0.1', port, ...options }, () =>
  console.log(`Node relay is ready at http://127.0.0.1:${port}`));

server.on('connection', (client, request) => {
  const upstream = new WebSocket(`ws://127.0.0.1:${upstreamPort}${request.url}`, options);
  const early = [];
  const wait = (data, isBinary) => early.push([data, isBinary]);
  client.on('message', wait);
  client.on('error', () => upstream.terminate());
  client.on('close', () => upstream.close());
  upstream.on('error', () => client.terminate());
  upstream.on('open', () => {
    client.off('message', wait);
    for (const [data, binary] of early) upstream.send(data, { binary });
    pass(client, upstream);
    pass(upstream, client);
  });
});
