import * as z from 'zod/mini';
import { ask } from './ask.js';
import { type EngineAddress, EngineFailure, type EngineHealth } from './engine.js';

const figure = z.optional(z.number().check(z.gte(0)));
/** What the built-in engine's `/health` answers. */
const Health = z.object({
  inFlight: figure,
  queued: figure,
  requests: figure,
  errors: figure,
  promptTokens: figure,
  generatedTokens: figure,
  tokensPerSecond: figure,
  memoryBytes: figure,
  vramBytes: figure,
});

export const HEALTH_WITHIN_MS = 5_000;

/** The health of a run of the built-in engine. Rejects with EngineFailure. */
export async function askHealth(address: EngineAddress): Promise<EngineHealth> {
  const { status, text } = await ask(address, '/health', { withinMs: HEALTH_WITHIN_MS, maxBytes: 64 * 1024 });
  if (status !== 200 && status !== 503) throw new EngineFailure(`/health answers ${status}`);
  try {
    return known(Health.parse(JSON.parse(text)));
  } catch (cause) {
    throw new EngineFailure('/health answers something else than figures', { cause });
  }
}

/** What is absent is absent, not undefined. */
const known = (health: z.infer<typeof Health>): EngineHealth =>
  Object.fromEntries(Object.entries(health).filter(([, value]) => value !== undefined));
