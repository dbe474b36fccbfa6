import type { ServerResponse } from 'node:http';
import { Agent, type Dispatcher, request } from 'undici';
import type { EngineAddress } from '../engines/engine.js';

/** An engine may think so long before it answers, and between two pieces of its answer. */
const HEADERS_MS = 30 * 60_000;
const BODY_MS = 10 * 60_000;
/** A caller that takes nothing for so long holds a slot for nobody. */
const STUCK_MS = 60_000;
/** Connections to one engine: never more than it has slots, for which the gate sees. */
const CONNECTIONS = 128;

/** What a response says of itself that is passed on; all else is between the engine and this node. */
const PASSED_HEADERS = ['content-type', 'content-length', 'retry-after', 'cache-control'] as const;

export type Passed =
  /** The whole answer has gone out. `failed` when its status says that the engine could not do it. */
  | { readonly outcome: 'answered'; readonly failed: boolean }
  /** The engine could not be reached or broke off. */
  | { readonly outcome: 'broken'; readonly begun: boolean }
  | { readonly outcome: 'left' };

/** The connections to engines: kept open between requests, one set for each address. */
export class EngineConnections {
  readonly #agents = new Map<string, Dispatcher>();

  /** A process has gone and its address with it: connections to addresses that are not in use any more are given up. */
  keepOnly(inUse: readonly EngineAddress[]): void {
    const keys = new Set(inUse.map(keyOf));
    for (const [key, agent] of this.#agents) {
      if (keys.has(key)) continue;
      this.#agents.delete(key);
      // What is in flight on them ends with the process, or was ended before.
      agent.close().catch(() => undefined);
    }
  }

  of(address: EngineAddress): Dispatcher {
    const key = keyOf(address);
    const agent =
      this.#agents.get(key) ?? new Agent({ connections: CONNECTIONS, pipelining: 1, connect: connectTo(address) });
    this.#agents.set(key, agent);
    return agent;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#agents.values()].map((agent) => agent.destroy()));
    this.#agents.clear();
  }
}

const keyOf = ({ origin, socketPath = '' }: EngineAddress): string => `${origin} ${socketPath}`;
const connectTo = ({ socketPath }: EngineAddress) => (socketPath === undefined ? {} : { socketPath });

/**
 * Sends a request on to an engine and its answer back as it comes, byte for byte, never faster than the caller takes it. When
 * `signal` fires the engine is left, which has it stop. Never rejects.
 */
export async function passOn(
  connections: EngineConnections,
  address: EngineAddress,
  { path, body }: { path: string; body: Buffer },
  response: ServerResponse,
  signal: AbortSignal,
): Promise<Passed> {
  const stuck = new AbortController();
  const ends = AbortSignal.any([signal, stuck.signal]);
  try {
    const answer = await request(`${address.origin}${path}`, {
      dispatcher: connections.of(address),
      method: 'POST',
      headers: { 'content-type': 'application/json', ...address.headers },
      body,
      signal: ends,
      headersTimeout: HEADERS_MS,
      bodyTimeout: BODY_MS,
    });
    response.writeHead(answer.statusCode, passedHeaders(answer.headers));
    // An event stream shows that it has begun before its first event.
    response.flushHeaders();
    for await (const chunk of answer.body) {
      if (!response.write(chunk)) await drained(response, ends, () => stuck.abort());
    }
    response.end();
    return { outcome: 'answered', failed: answer.statusCode >= 500 };
  } catch {
    if (ends.aborted) return { outcome: 'left' };
    return { outcome: 'broken', begun: response.headersSent };
  }
}

function passedHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  return Object.fromEntries(
    PASSED_HEADERS.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** Waits until the caller has taken what it was sent. */
function drained(response: ServerResponse, signal: AbortSignal, giveUp: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(giveUp, STUCK_MS);
    const done = () => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      signal.removeEventListener('abort', onAbort);
    };
    const onDrain = () => {
      done();
      resolve();
    };
    const onAbort = () => {
      done();
      reject(new Error('The caller has left'));
    };
    if (signal.aborted) return onAbort();
    response.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
