import type { Bus } from '@muster/bus';
import { type Caller, type Certificate, Outage, Refusal, VerifyNode, type VerifyStep } from '@muster/contracts';
import { GATEWAY } from '../gateway.js';

export interface WhatToLookAt {
  readonly host: string;
  readonly port: number;
  /** Being registered as this node is no failure. */
  readonly nodeId?: string;
}
export interface LookOptions {
  readonly commandId: string;
  readonly correlationId: string;
  readonly signal?: AbortSignal;
}
type Failed = Extract<VerifyStep, { outcome: 'failed' }>;
type Verified = Extract<VerifyStep, { outcome: 'verified' }>;

/** Has the monitor look at an address, stage by stage, and gives the last word. Throws an Outage when there is none. */
export async function look(
  bus: Bus,
  { host, port, nodeId }: WhatToLookAt,
  { commandId, correlationId, signal }: LookOptions,
): Promise<Failed | Verified> {
  const caller: Caller = { actor: GATEWAY, permissions: ['nodes:manage'], commandId, correlationId };
  const request = { host, port, ...(nodeId === undefined ? {} : { nodeId }) };
  const steps = bus.askStream(VerifyNode, request, caller, signal ? { signal } : {});
  for await (const step of steps) if (step.outcome !== 'passed') return step;
  throw new Outage('monitor', 'The monitor stopped looking at the node before it was done');
}

/**
 * The certificate that a node shows at an address, when it verifies and this is the one that the person accepted. Refuses
 * with `verification-failed`, `node-already-registered` or `certificate-differs`.
 */
export async function lookFor(
  fingerprint: string,
  bus: Bus,
  what: WhatToLookAt,
  options: LookOptions,
): Promise<Certificate> {
  const last = await look(bus, what, options);
  if (last.outcome === 'failed') throw refusalOf(last);
  if (last.certificate.fingerprint !== fingerprint) throw new Refusal('certificate-differs', { field: 'fingerprint' });
  return last.certificate;
}

function refusalOf({ cause, words, remedy }: Failed): Refusal {
  if (cause === 'already-registered')
    return new Refusal('node-already-registered', { words: sentences(words, remedy) });
  return new Refusal('verification-failed', { field: 'host', words: sentences(words, remedy) });
}

const sentences = (...parts: string[]): string =>
  parts
    .filter((part) => part !== '')
    .map((part) => (/[.!?]$/.test(part) ? part : `${part}.`))
    .join(' ');
