import { type Conservation, type Figures, isOpen, MOST_FIGURED_NODES, type NodeFigures } from '@muster/contracts';
import { jain } from './balance.js';
import { inRunMs, type Ledger } from './ledger.js';

/** A node as far as its work is concerned. */
export interface WorkingNode {
  readonly nodeId: string;
  readonly connected: boolean;
  readonly slots: number;
}

/** Where every request is. */
export function conservationOf({ totals, open, inFlight }: Ledger): Conservation {
  const { accepted, ended } = totals;
  return { accepted, ...ended, inFlight: inFlight.now, queued: open.size - inFlight.now };
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

export interface Moment {
  readonly now: string;
  readonly nodes: readonly WorkingNode[];
  readonly perSecond: number;
  readonly recent: readonly number[];
  readonly pending: number;
}

/** The figures of this moment. */
export function figuresOf(ledger: Ledger, { now, nodes, perSecond, recent, pending }: Moment): Figures {
  const { totals, inFlight, open } = ledger;
  const { run, ended } = totals;
  const { completed, failed, cancelled, refused } = ended;
  const queued = open.size - inFlight.now;
  const workedMs = workOf(ledger, Date.parse(now));
  const workedBy = (nodeId: string): number => workedMs.get(nodeId) ?? 0;
  const connected = nodes.filter((node) => node.connected);
  const allMs = connected.reduce((sum, { nodeId }) => sum + workedBy(nodeId), 0);
  const figured = nodes.map(({ nodeId, connected: isConnected, slots }): NodeFigures => ({
    ...{ nodeId, connected: isConnected, slots, inFlight: inFlight.on(nodeId), most: run.nodes[nodeId]?.most ?? 0 },
    share: isConnected && allMs > 0 ? rounded(workedBy(nodeId) / allMs) : 0,
  }));
  const able = connected.filter(({ slots }) => slots > 0);
  const balance = jain(able.map(({ nodeId, slots }) => workedBy(nodeId) / slots));
  return {
    at: now,
    since: run.at,
    handled: {
      sinceStart: run.handled,
      allTime: completed + failed + cancelled + refused,
      perSecond: rounded(perSecond),
      recent: [...recent],
    },
    delayed: run.delayed,
    concurrency: {
      now: inFlight.now,
      queued,
      most: run.most,
      ...(run.mostAt !== undefined && { mostAt: run.mostAt }),
      ...(balance !== undefined && { balance: rounded(balance) }),
      nodes: figured
        .sort((one, other) => other.inFlight - one.inFlight || workedBy(other.nodeId) - workedBy(one.nodeId))
        .slice(0, MOST_FIGURED_NODES),
    },
    conservation: conservationOf(ledger),
    pending,
  };
}

/** For how long each node had requests in flight in this life of the Gateway, added up over requests; those under way until now. */
function workOf({ totals, open }: Ledger, nowMs: number): Map<string, number> {
  const worked = new Map(Object.entries(totals.run.nodes).map(([nodeId, { inFlightMs }]) => [nodeId, inFlightMs]));
  for (const tracked of open.values()) {
    if (!isOpen(tracked.view)) continue;
    const { stay } = tracked;
    if (stay !== undefined) worked.set(stay.nodeId, (worked.get(stay.nodeId) ?? 0) + inRunMs(totals.run, stay, nowMs));
  }
  return worked;
}
