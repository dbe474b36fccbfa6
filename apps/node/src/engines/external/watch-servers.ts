import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLevel } from '@muster/contracts';
import type { EngineAddress } from '../engine.js';
import type { ExternalServer, ExternalServers } from '../external-server.js';
import { Rate } from '../rate.js';
import { readServer } from './read-server.js';

/** Where Ollama, LM Studio and vLLM listen unless told otherwise. */
export const KNOWN_PORTS: readonly number[] = [11_434, 1_234, 8_000];

/** Each has a place in the node's memory and its log: more than these are refused at the start. */
export const MAX_CONFIGURED = 16;

const LOOK_EVERY_MS = 5_000;
/** One answer that is late says little; two in a row, and it is gone. */
const MISSES_ALLOWED = 1;

export interface WatchOptions {
  /** Addresses that somebody named: on this machine or not, with their key where they need one. */
  readonly configured: readonly EngineAddress[];
  /** Ports of this machine to be looked at beside them. */
  readonly ports: readonly number[];
  readonly everyMs?: number;
  readonly log: (level: LogLevel, text: string) => void;
  /** After each look at which something is another than before; load alone counts too. */
  readonly changed?: (servers: readonly ExternalServer[]) => void;
}

/** Looks at each address every five seconds, until it is stopped. Nothing that answers there can do more than be wrong. */
export function watchServers(options: WatchOptions): ExternalServers {
  const local = options.ports.map((port): EngineAddress => ({ origin: `http://127.0.0.1:${port}` }));
  const named = new Set(options.configured.map(({ origin }) => origin));
  const addresses = [...options.configured, ...local.filter(({ origin }) => !named.has(origin))];
  const present = new Map<string, ExternalServer>();
  const stopping = new AbortController();
  const current = () => addresses.flatMap(({ origin }) => present.get(origin) ?? []);

  const watch = async (address: EngineAddress): Promise<void> => {
    const rate = new Rate();
    let misses = 0;
    let complaint = '';
    while (!stopping.signal.aborted) {
      const before = present.get(address.origin);
      try {
        const server = withRate(await readServer(address, stopping.signal), rate);
        misses = 0;
        complaint = '';
        present.set(address.origin, server);
        if (before === undefined)
          options.log('info', `${nameOf(server)} answers at ${server.id} with ${server.models.length} models`);
        if (JSON.stringify(before) !== JSON.stringify(server)) options.changed?.(current());
      } catch (error) {
        if (stopping.signal.aborted) return;
        misses += 1;
        const words = error instanceof Error ? error.message : String(error);
        if (before !== undefined && misses > MISSES_ALLOWED) {
          present.delete(address.origin);
          options.log('warning', `${nameOf(before)} at ${before.id} is gone: ${words}`);
          options.changed?.(current());
        } else if (before === undefined && named.has(address.origin) && words !== complaint) {
          // Said once, until it is another reason. Of a port that nobody named, silence is what is expected.
          complaint = words;
          options.log('warning', words);
        }
      }
      await sleep(options.everyMs ?? LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const watching = Promise.all(addresses.map(watch));
  return {
    current,
    stop: async () => {
      stopping.abort();
      await watching;
    },
  };
}

const names = {
  ollama: 'Ollama',
  'lm-studio': 'LM Studio',
  vllm: 'vLLM',
  'llama-server': 'llama-server',
  openai: 'A server',
};
const nameOf = ({ kind, version }: ExternalServer): string =>
  version === undefined ? names[kind] : `${names[kind]} ${version}`;

function withRate(server: ExternalServer, rate: Rate): ExternalServer {
  const { generatedTokens } = server.health;
  const tokensPerSecond = generatedTokens === undefined ? undefined : rate.next(generatedTokens, performance.now());
  return tokensPerSecond === undefined ? server : { ...server, health: { ...server.health, tokensPerSecond } };
}
