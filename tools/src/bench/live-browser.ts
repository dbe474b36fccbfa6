import { performance } from 'node:perf_hooks';
import type { ConsoleToServer, ServerToConsole } from '@muster/contracts';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import * as z from 'zod';

// The browser process of `npm run bench -- live`: sockets to the console, each in the room of the fleet and of one node, and one to that node itself.
const Order = z.discriminatedUnion('order', [
  z.object({
    order: z.literal('listen'),
    gateway: z.string(),
    watched: z.array(z.object({ cookie: z.string(), nodeId: z.string(), direct: z.string() })),
  }),
  z.object({ order: z.literal('take') }),
]);
const Direct = z.object({
  samples: z.array(z.object({ measurement: z.object({ load: z.array(z.number()).min(1) }) })),
});

const seen = { product: [] as number[], direct: [] as number[] };
/** Sockets that have got something on both ways. */
const open = new Set<string>();
let refused: string | undefined;

process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  const told = Order.parse(message);
  if (told.order === 'listen') for (const [n, each] of told.watched.entries()) watch(n, told.gateway, each);
  else process.send?.({ ...seen, open: open.size, refused });
  seen.product = [];
  seen.direct = [];
});
process.send?.('ready');

function watch(n: number, gateway: string, to: { cookie: string; nodeId: string; direct: string }): void {
  const { cookie, nodeId } = to;
  const socket: Socket<ServerToConsole, ConsoleToServer> = io(gateway, {
    ...{ transports: ['websocket'], forceNew: true, extraHeaders: { cookie } },
  });
  socket.on('metrics:change', ({ samples }) => {
    for (const { measurement } of samples) keep(seen.product, measurement);
    open.add(`${n} by the Gateway`);
  });
  // As a page does: whoever could not keep up comes in anew, and what it missed is missing in the figures.
  socket.on('room:dirty', () => void join());
  socket.on('connect_error', ({ message }) => (refused = message));
  const join = async () => {
    const joined = await Promise.all([
      socket.emitWithAck('fleet:join'),
      socket.emitWithAck('metrics:join', { nodeId }),
    ]);
    for (const each of joined) if (!each.ok) refused = each.words;
  };
  socket.on('connect', () => void join());
  const direct = new WebSocket(to.direct, { perMessageDeflate: false });
  direct.on('message', (data: Buffer) => {
    for (const { measurement } of Direct.parse(JSON.parse(data.toString())).samples) keep(seen.direct, measurement);
    open.add(`${n} directly`);
  });
  direct.on('error', ({ message }) => (refused = message));
}

/** The first load of a played node is the moment at which it was made, on the clock of this machine. */
function keep(delays: number[], { load: [madeMs] = [] }: { readonly load?: readonly number[] | undefined }): void {
  if (madeMs !== undefined) delays.push(performance.timeOrigin + performance.now() - madeMs);
}
