import { join } from 'node:path';
import { testRunFolder, until } from '@muster/testing';
import type { Engine } from '../engine.js';
import { openBuiltIn } from './built-in-engine.js';

/** The child as it is shipped. */
const program = join(import.meta.dirname, '../../../dist/engines/built-in/child/main.js');

/**
 * The built-in engine, fetched from the package registry by the first test of a run that asks for it; the others find it
 * there. `folder` is the test's own, for sockets.
 */
export async function testEngine(folder: string): Promise<Engine & { close(): Promise<void> }> {
  const said: string[] = [];
  let numbered = 0;
  const engine = await openBuiltIn({
    folder: join(testRunFolder(), 'engines'),
    nextSocket: () => `${join(folder, String((numbered += 1)))}.sock`,
    gpus: [],
    mayFetch: true,
    log: (_level, text) => said.push(text),
    program,
  });
  await until(engine.availability, ({ state }) => state === 'ready', { withinMs: 300_000 }).catch((cause: unknown) => {
    throw new Error(`The engine could not be fetched:\n${said.join('\n')}`, { cause });
  });
  return engine;
}
