import { join } from 'node:path';
import { testRunFolder, until } from '@muster/testing';
import type { Engine } from '../engine.js';
import { openBuiltIn } from './built-in-engine.js';

/** The child as it is shipped. */
const program = join(import.meta.dirname, '../../../dist/engines/built-in/child/main.js');

/**
 * The built-in engine, fetched from the package registry by the first test of a run that asks for it; the others find it
 * there. `data` is the test's own.
 */
export async function testEngine(data: string): Promise<Engine & { close(): Promise<void> }> {
  const said: string[] = [];
  const engine = await openBuiltIn({
    data,
    folder: join(testRunFolder(), 'engines'),
    gpus: [],
    mayInstall: true,
    log: (_level, text) => said.push(text),
    program,
  });
  await until(engine.availability, ({ state }) => state === 'ready', { withinMs: 300_000 }).catch((cause: unknown) => {
    throw new Error(`The engine could not be fetched:\n${said.join('\n')}`, { cause });
  });
  return engine;
}
