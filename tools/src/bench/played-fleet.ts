import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Certificate } from '@muster/contracts';
import * as z from 'zod';

const Fleet = z.object({
  accessKey: z.string(),
  certificate: Certificate,
  ports: z.array(z.number()),
  /** Where each sample of node n, from 0, is also to be had by a plain WebSocket to `/n`. */
  directPort: z.number(),
});
const Targets = z.object({ port: z.number() });

interface Played {
  stop(): Promise<void>;
}

/** One process that plays so many nodes with 50 values a second each, and with so many seconds of samples from before. */
export const playedFleet = (nodes: number, secondsBefore: number): Promise<z.infer<typeof Fleet> & Played> =>
  played('played-nodes.js', Fleet, [String(nodes), String(secondsBefore)]);

/** One process that answers every path with 50 values in the format of Prometheus. */
export const playedTargets = (): Promise<z.infer<typeof Targets> & Played> => played('played-targets.js', Targets, []);

/** A process of the bench that first tells where it is to be found. */
async function played<T extends object>(program: string, schema: z.ZodType<T>, args: string[]): Promise<T & Played> {
  const child = fork(join(import.meta.dirname, program), args, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit').then(() => undefined);
  const told = await Promise.race([once(child, 'message'), ended]);
  if (told === undefined) throw new Error(`${program} has ended`);
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { ...schema.parse(told[0]), stop };
}
