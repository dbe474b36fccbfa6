import { setInterval } from 'node:timers';
import { io } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import * as z from 'zod';

// The other processes of `npm run bench -- fan-out`: one that only broadcasts, and one that holds the sockets of both sides.
const Order = z.discriminatedUnion('order', [
  z.object({ order: z.literal('broadcast'), text: z.string(), everyMs: z.number() }),
  z.object({ order: z.literal('be-silent') }),
  z.object({
    order: z.literal('listen'),
    gateway: z.string(),
    cookies: z.array(z.string()),
    nodeId: z.string(),
    bare: z.string(),
  }),
  z.object({ order: z.literal('count') }),
]);

let timer: NodeJS.Timeout | undefined;
const counted = { gateway: 0, bare: 0, open: 0 };
const server = process.argv[2] === 'bare' ? new WebSocketServer({ host: '127.0.0.1', port: 0 }) : undefined;
server?.on('listening', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
if (server === undefined) process.send?.({ port: 0 });
process.on('disconnect', () => process.exit(0));

process.on('message', (message) => {
  const told = Order.parse(message);
  if (told.order === 'be-silent') clearInterval(timer);
  else if (told.order === 'count') process.send?.({ ...counted });
  else if (told.order === 'broadcast')
    timer = setInterval(() => {
      for (const client of server?.clients ?? []) client.send(told.text);
    }, told.everyMs);
  else
    for (const cookie of told.cookies) {
      const socket = io(told.gateway, { transports: ['websocket'], forceNew: true, extraHeaders: { cookie } });
      socket.on('metrics:change', () => (counted.gateway += 1));
      socket.on('connect', () => void socket.emitWithAck('metrics:join', { nodeId: told.nodeId }).then(opened));
      const bare = new WebSocket(told.bare, { perMessageDeflate: false });
      bare.on('message', () => (counted.bare += 1));
      bare.on('open', opened);
    }
});

function opened(): void {
  counted.open += 1;
}
