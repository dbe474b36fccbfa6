import type { IncomingMessage } from 'node:http';
import type { Caller, Integration } from '@muster/contracts';
import type { Session } from '../sessions/session-cache.js';

/** What the Door found out about a request that it let in. */
export interface Admitted {
  readonly caller: Caller;
  readonly session: Session | undefined;
  readonly token: string | undefined;
  /** An outsider, by the SHA-256 of its secret; only on routes that let integrations in. */
  readonly integration?: Integration & { readonly hash: string };
}

const requests = new WeakMap<IncomingMessage, Admitted>();

export const admit = (request: IncomingMessage, admitted: Admitted): void => {
  requests.set(request, admitted);
};

/** Throws for a request that the Door did not let in: nothing is served past it. */
export function admittedOf(request: IncomingMessage): Admitted {
  const admitted = requests.get(request);
  if (admitted === undefined) throw new Error('The request did not come through the door');
  return admitted;
}

/** The outsider whose request it is, when the Door let one in. */
export const outsiderOf = (request: IncomingMessage): Admitted['integration'] => requests.get(request)?.integration;
