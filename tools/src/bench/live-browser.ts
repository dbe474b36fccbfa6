import { performance } from 'node:perf_hooks';
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
const Samples = z.object({
  samples: z.array(z.object({ measurement: z.object({ load: z.array(z.number()).min(1) }) })),
});
const Changed = z.tuple([z.literal('metrics:change'), Samples]);
const Joined = z.tuple([z.object({ ok: z.boolean(), words: z.optional(z.string()) })]);

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
  const url = `${gateway.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const socket = new WebSocket(url, { perMessageDeflate: false, headers: { cookie } });
  const join = () => {
    socket.send('420["fleet:join"]');
    socket.send(`421${JSON.stringify(['metrics:join', { nodeId }])}`);
  };
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    // Engine.IO 4 around Socket.IO 5: 0 opens, 2 is a ping, 40 connects, 42 an event, 43 the answer to one of ours.
    if (text.startsWith('0')) socket.send('40');
    else if (text === '2') socket.send('3');
    else if (text.startsWith('40')) join();
    else if (text.startsWith('44')) refused = text;
    else if (text.startsWith('43'))
      for (const { ok, words } of joinedOf(text)) refused = ok ? refused : (words ?? text);
    // As a page does: whoever could not keep up comes in anew, and what it missed is missing in the figures.
    else if (text.startsWith('42["room:dirty"')) join();
    else if (text.startsWith('42["metrics:change"')) {
      for (const { measurement } of Changed.parse(JSON.parse(text.slice(2)))[1].samples)
        keep(seen.product, measurement);
      open.add(`${n} by the Gateway`);
    }
    // The loads of the fleet come to each socket and stay as they are: a hundred browsers read them on a hundred machines.
  });
  socket.on('error', ({ message }) => (refused = message));
  const direct = new WebSocket(to.direct, { perMessageDeflate: false });
  direct.on('message', (data: Buffer) => {
    for (const { measurement } of Samples.parse(JSON.parse(data.toString())).samples) keep(seen.direct, measurement);
    open.add(`${n} directly`);
  });
  direct.on('error', ({ message }) => (refused = message));
}

/** What came of a join; the number of the question stands before it, and a snapshot in it that nobody reads here. */
const joinedOf = (text: string) => Joined.parse(JSON.parse(text.slice(text.indexOf('['))));

/** The first load of a played node is the moment at which it was made, on the clock of this machine. */
function keep(delays: number[], { load: [madeMs] = [] }: { readonly load?: readonly number[] | undefined }): void {
  if (madeMs !== undefined) delays.push(performance.timeOrigin + performance.now() - madeMs);
}
