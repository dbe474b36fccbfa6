import { randomUUID } from 'node:crypto';
import type { Caller, Fact, NodeEvent, Permission } from '@muster/contracts';
import { type Bus, connectBus } from './bus.js';
import type { BusOptions } from './connection.js';
import type { BusNotice } from './notice.js';

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** The fact at this position: a node, one of two in turn, is activated. Its id follows from the position. */
export const factAt = (position: number): Fact<NodeEvent> => ({
  type: 'NodeActivated',
  data: { nodeId: uuid(900 + (position % 2)), at: '2026-11-23T12:00:00.000Z' },
  id: uuid(position),
  stream: `node-${uuid(900 + (position % 2))}`,
  version: Math.ceil(position / 2),
  position,
  at: '2026-11-23T12:00:00.000Z',
  meta: {
    actor: { kind: 'account', id: uuid(1), name: 'Zoë “the admin”' },
    commandId: uuid(position),
    correlationId: uuid(position),
  },
});

/** Publishes the facts from one position to another, each after the one before. */
export async function publishFacts(bus: Bus, from: number, to: number): Promise<void> {
  for (let position = from; position <= to; position += 1)
    await bus.publishFact(factAt(position), { after: position === 1 ? undefined : uuid(position - 1) });
}

export const callerWith = (...permissions: Permission[]): Caller => ({
  actor: { kind: 'account', id: uuid(1), name: 'Zoë' },
  permissions,
  commandId: randomUUID(),
  correlationId: randomUUID(),
});

export const aService: Caller = {
  ...callerWith(),
  actor: { kind: 'gateway', id: 'registry', name: 'registry' },
};

/** A bus, and every notice that it gave. */
export async function noticedBus(
  servers: string,
  name = 'test',
  options: Partial<BusOptions> = {},
): Promise<Bus & { readonly notices: BusNotice[] }> {
  const notices: BusNotice[] = [];
  const bus = await connectBus({ ...options, servers, name, onNotice: (notice) => notices.push(notice) });
  return Object.assign(bus, { notices });
}

export const positions = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
