import { setTimeout as sleep } from 'node:timers/promises';

/** How a request ended, as the client saw it. Every request is in exactly one of these. */
export const endings = ['completed', 'failed', 'refused', 'cancelled', 'unanswered'] as const;
export type Ending = (typeof endings)[number];

export interface LoadOptions {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly clients: number;
  readonly signal: AbortSignal;
  /** Each request on a connection of its own, as from an edge: one that a server closes as it stops can take none with it. */
  readonly isFresh?: boolean;
  /** Told of each answer that came whole. */
  readonly onCompleted?: (requestId: string) => void;
}

/** Each of these is one request in so many. */
const STREAMED = 2;
const LEAVES = 25;
const MOST_TOKENS = 48;
/** A client that found no room comes back after this. */
const AGAIN_MS = 250;

/** Clients that send one request after the other until the signal; then each ends the one it has. Counts how each ended. */
export async function load({ clients, signal, ...target }: LoadOptions): Promise<ReadonlyMap<Ending, number>> {
  const counts = new Map<Ending, number>(endings.map((ending) => [ending, 0]));
  let sent = 0;
  const client = async () => {
    while (!signal.aborted) {
      sent += 1;
      const ending = await one(target, sent);
      counts.set(ending, (counts.get(ending) ?? 0) + 1);
      if (ending !== 'completed') await sleep(AGAIN_MS);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return counts;
}

async function one(
  { url, key, model, isFresh, onCompleted }: Omit<LoadOptions, 'clients' | 'signal'>,
  number: number,
): Promise<Ending> {
  const stream = number % STREAMED === 0;
  const leaving = number % LEAVES === 0 ? new AbortController() : undefined;
  const body = {
    model,
    stream,
    max_tokens: 1 + (number % MOST_TOKENS),
    messages: [{ role: 'user', content: `Request ${number}` }],
  };
  try {
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        ...(isFresh === true ? { connection: 'close' } : {}),
      },
      body: JSON.stringify(body),
      ...(leaving === undefined ? {} : { signal: leaving.signal }),
    });
    if (leaving !== undefined && response.ok) {
      const reader = response.body?.getReader();
      await reader?.read();
      leaving.abort();
      return 'cancelled';
    }
    const text = await response.text();
    if (!response.ok) return response.status === 503 || response.status === 504 ? 'refused' : 'failed';
    if (stream ? text.trimEnd().endsWith('data: [DONE]') : isWhole(text)) {
      onCompleted?.(response.headers.get('x-request-id') ?? '');
      return 'completed';
    }
    if (!stream) return 'unanswered';
    // A stream that broke off says so in its last event, and never that it is done.
    return /^data: \{"error":/m.test(text) ? 'failed' : 'unanswered';
  } catch {
    return leaving?.signal.aborted === true ? 'cancelled' : 'unanswered';
  }
}

function isWhole(text: string): boolean {
  try {
    return Array.isArray((JSON.parse(text) as { choices?: unknown }).choices);
  } catch {
    return false;
  }
}
