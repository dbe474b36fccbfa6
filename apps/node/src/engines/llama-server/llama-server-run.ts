import { chmodSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { known } from '../../known.js';
import { ask } from '../ask.js';
import {
  type EngineAddress,
  EngineFailure,
  type EngineHealth,
  type EngineRun,
  type ReadyRun,
  type RunListener,
  type RunSpec,
} from '../engine.js';
import { HEALTH_WITHIN_MS } from '../health-answer.js';
import { countOf, parseMetrics } from '../metrics-text.js';
import { startProcess } from '../process-run.js';
import { Rate } from '../rate.js';
import { residentBytes } from '../resident-bytes.js';
import { llamaServerArguments, loadedSoFar, parseLlamaServerLine } from './arguments.js';

const LOOK_EVERY_MS = 200;
/** Loading may take this long: hundreds of gigabytes from a slow disk. */
const READY_WITHIN_MS = 60 * 60_000;
const ANSWER_MAX_BYTES = 256 * 1024;

/** Starts `llama-server` on a socket that its user alone can reach. */
export function startLlamaServer(
  program: string,
  socketPath: `${string}.sock`,
  spec: RunSpec,
  listener: RunListener,
): EngineRun {
  const address: EngineAddress = { origin: 'http://localhost', socketPath };
  const rate = new Rate();
  let told = 0;
  let answers = false;
  const progress = (loaded: number | undefined) => {
    if (loaded === undefined || loaded <= told) return;
    told = loaded;
    listener.progress(loaded);
  };
  const run = startProcess({
    command: program,
    args: llamaServerArguments(spec, socketPath),
    runId: spec.runId,
    // With prefixes each line says how grave it is.
    env: { ...process.env, LLAMA_LOG_PREFIX: '1' },
    onLine: (line) => {
      if (loadedSoFar(line) !== undefined) return;
      const { level, text } = parseLlamaServerLine(line);
      listener.line(level, text);
    },
    onRest: (unfinished) => progress(loadedSoFar(unfinished)),
  });
  const ended = new AbortController();
  const exited = run.exited.then((exit) => {
    ended.abort();
    rmSync(socketPath, { force: true });
    return exit;
  });
  const ready = untilReady(address, spec, ended.signal).then(
    (readyRun) => {
      answers = true;
      progress(1);
      return readyRun;
    },
    async (error: unknown) => {
      run.signal('SIGKILL');
      const { words } = await exited;
      throw words === undefined ? error : new EngineFailure(words);
    },
  );
  // Who waits for the end only need not wait for this.
  ready.catch(() => undefined);
  return {
    pid: run.pid,
    ready,
    exited,
    // It answers what is at hand before it ends.
    stop: (graceMs) => run.stop(graceMs, () => run.signal('SIGTERM')),
    health: async () => {
      if (!answers) throw new EngineFailure('The model is not loaded yet');
      const { status, text } = await ask(address, '/metrics', {
        withinMs: HEALTH_WITHIN_MS,
        maxBytes: ANSWER_MAX_BYTES,
      });
      if (status !== 200) throw new EngineFailure(`/metrics answers ${status}`);
      const figures = parseMetrics(text);
      const generatedTokens = countOf(figures, 'llamacpp:tokens_predicted_total');
      return known<EngineHealth>({
        inFlight: countOf(figures, 'llamacpp:requests_processing'),
        queued: countOf(figures, 'llamacpp:requests_deferred'),
        promptTokens: countOf(figures, 'llamacpp:prompt_tokens_total'),
        generatedTokens,
        tokensPerSecond: generatedTokens === undefined ? undefined : rate.next(generatedTokens, performance.now()),
        memoryBytes: await residentBytes(run.pid),
      });
    },
  };
}

const Props = z.object({
  total_slots: z.optional(z.int().check(z.gte(1))),
  default_generation_settings: z.optional(z.object({ n_ctx: z.optional(z.int().check(z.gte(1))) })),
});

/** `/health` answers 503 while the model loads and 200 from then on. Rejects when the process ends, or after an hour. */
async function untilReady(address: EngineAddress, spec: RunSpec, ended: AbortSignal): Promise<ReadyRun> {
  const deadline = performance.now() + READY_WITHIN_MS;
  const options = { withinMs: HEALTH_WITHIN_MS, maxBytes: ANSWER_MAX_BYTES, signal: ended };
  for (;;) {
    const status = await ask(address, '/health', options).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (status === 200) break;
    if (ended.aborted) throw new EngineFailure('llama-server ended before the model was loaded');
    if (performance.now() > deadline) throw new EngineFailure('The model was not loaded within an hour');
    await sleep(LOOK_EVERY_MS, undefined, { signal: ended }).catch(() => undefined);
  }
  if (address.socketPath !== undefined) chmodSync(address.socketPath, 0o600);
  const { status, text } = await ask(address, '/props', options);
  const props = status === 200 ? Props.safeParse(jsonOf(text)) : undefined;
  const contextTokens = props?.data?.default_generation_settings?.n_ctx ?? spec.parameters.contextTokens;
  return {
    address,
    slots: props?.data?.total_slots ?? spec.parameters.slots ?? 1,
    ...(contextTokens === undefined ? {} : { contextTokens }),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
