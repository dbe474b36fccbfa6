import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogLevel } from '@muster/contracts';
import { until } from '@muster/testing';
import { ask } from '../ask.js';
import type { RunSpec } from '../engine.js';
import { playedLlamaServer } from '../testing/played.fixture.js';
import { openLlamaServer } from './llama-server-engine.js';

let folder: string;
let numbered = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-llama-'));
  writeFileSync(join(folder, 'model.gguf'), 'good');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (program = playedLlamaServer(folder)) =>
  openLlamaServer({ program, nextSocket: () => `${join(folder, String((numbered += 1)))}.sock` });
const spec = (parameters: RunSpec['parameters'] = { slots: 2, contextTokens: 512 }): RunSpec => ({
  runId: 'run-1',
  model: { name: 'good', kind: 'chat', path: join(folder, 'model.gguf') },
  parameters,
});
function listener() {
  const lines: [LogLevel, string][] = [];
  const progress: number[] = [];
  return {
    lines,
    progress,
    listener: {
      line: (level: LogLevel, text: string) => void lines.push([level, text]),
      progress: (loaded: number) => void progress.push(loaded),
    },
  };
}
const small = { withinMs: 10_000, maxBytes: 100_000 };

describe('llama-server', () => {
  it('is ready when it is there and says its version, and says what is missing when it is not', async () => {
    expect((await open()).availability()).toMatchObject({ state: 'ready', words: expect.stringContaining('9999') });
    const missing = await open('no-such-llama-server');
    expect(missing.availability()).toEqual({
      state: 'missing',
      words: 'There is no program no-such-llama-server on the path.',
    });
    expect(() => missing.start(spec(), listener().listener)).toThrow('There is no program');
  });

  it('is told the parameters, loads with progress, and answers with its slots and context', async () => {
    const engine = await open();
    const heard = listener();
    const run = engine.start(spec(), heard.listener);
    const { address, slots, contextTokens } = await run.ready;
    expect({ slots, contextTokens }).toEqual({ slots: 2, contextTokens: 512 });
    expect(heard.progress.length).toBeGreaterThan(2);
    expect(heard.progress).toEqual([...heard.progress].sort((a, b) => a - b));
    expect(heard.progress.at(-1)).toBe(1);
    expect(heard.lines).toContainEqual(['warning', 'srv: a warning']);
    const props = JSON.parse((await ask(address, '/props', small)).text) as {
      arguments: string[];
      environment: string[];
    };
    // Its context is that of all slots together.
    expect(props.arguments.join(' ')).toContain('--ctx-size 1024 --parallel 2');
    expect(props.environment).toContain('MUSTER_EXECUTOR_RUN');
    await run.stop(10_000);
    expect(await run.exited).toEqual({ code: 0, signal: null });
  });

  it('tells what it is doing, and answers what is at hand before it stops', async () => {
    const run = (await open()).start(spec(), listener().listener);
    const { address } = await run.ready;
    const answer = ask(address, '/v1/chat/completions', { ...small, body: {} });
    await until(
      () => run.health(),
      ({ inFlight }) => inFlight === 1,
      { withinMs: 20_000 },
    );
    expect((await run.health()).memoryBytes).toBeGreaterThan(1_000_000);
    await run.stop(20_000);
    expect((await answer).text).toMatch(/\[DONE\]/);
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(existsSync(address.socketPath ?? '')).toBe(false);
    await expect(run.health()).rejects.toThrow();
  });

  it('tells how it ended when the model can not be loaded, after its last words', async () => {
    writeFileSync(join(folder, 'model.gguf'), 'broken');
    const heard = listener();
    const run = (await open()).start(spec(), heard.listener);
    await expect(run.ready).rejects.toThrow('llama-server ended before the model was loaded');
    expect(await run.exited).toEqual({ code: 1, signal: null });
    expect(heard.lines.at(-1)).toEqual(['error', 'load_model: failed to load the model']);
  });

  it('can be stopped while it loads, and is killed when it does not end by itself', async () => {
    writeFileSync(join(folder, 'model.gguf'), 'slow');
    const run = (await open()).start(spec(), listener().listener);
    run.ready.catch(() => undefined);
    await run.stop(0);
    expect((await run.exited).code).not.toBe(0);
    await expect(run.ready).rejects.toThrow();
  });
});
