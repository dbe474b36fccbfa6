import { randomUUID } from 'node:crypto';
import type { Bus } from '@muster/bus';
import type { AccountEvent, ApiKeyEvent, Certificate, Fact, NodeEvent } from '@muster/contracts';

export type ToldEvent = AccountEvent | ApiKeyEvent | NodeEvent;

/** Says on the bus what the registry would say: each event with its stream, in order, into streams that are empty. */
export async function tellFacts(bus: Bus, events: readonly (readonly [string, ToldEvent])[]): Promise<void> {
  const last = new Map<string, string>();
  const at = new Date().toISOString();
  for (const [index, [stream, event]] of events.entries()) {
    const id = randomUUID();
    const meta = { actor: { kind: 'gateway' as const, id: 'bench', name: 'Bench' }, commandId: id, correlationId: id };
    const place = { id, stream, version: index + 1, position: index + 1, at, meta };
    const lane = stream.startsWith('node-') ? 'fleet' : 'access';
    await bus.publishFact({ ...event, ...place } as Fact, { after: last.get(lane) });
    last.set(lane, id);
  }
}

/** A node as the wizard leaves it: registered, its certificate pinned, activated. */
export function registeredNode(
  nodeId: string,
  { name, host, port, certificate }: { name: string; host: string; port: number; certificate: Certificate },
): [string, NodeEvent][] {
  const at = new Date().toISOString();
  return [
    [`node-${nodeId}`, { type: 'NodeRegistered', data: { nodeId, name, host, port, found: 'by-hand', at } }],
    [`node-${nodeId}`, { type: 'NodeCertificatePinned', data: { nodeId, certificate, at } }],
    [`node-${nodeId}`, { type: 'NodeActivated', data: { nodeId, at } }],
  ];
}
