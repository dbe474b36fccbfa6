import type { NodeFigures, NodeLoad, NodeView, Status } from '@muster/contracts';
import { showAddress } from '@muster/contracts';
import { day, share, span } from '../ui/format.js';

/** What the counters above the list tell apart. Amber is two things: hard at work, and not sure. */
export const groups = ['healthy', 'busy', 'unsettled', 'down', 'off'] as const;
export type Group = (typeof groups)[number];

export const groupColours: Record<Group, Status['colour']> = {
  healthy: 'green',
  busy: 'amber',
  unsettled: 'amber',
  down: 'red',
  off: 'grey',
};

const atWork: readonly Status['reason'][] = ['queued', 'all-slots-in-use', 'executor-starting', 'draining'];

export function groupOf({ colour, reason }: Status): Group {
  switch (colour) {
    case 'green':
      return 'healthy';
    case 'amber':
      return atWork.includes(reason) ? 'busy' : 'unsettled';
    case 'red':
      return 'down';
    case 'grey':
      return 'off';
  }
}

/** How many nodes there are of each group; groups without any are left out. */
export function countGroups(nodes: Iterable<NodeView>): { group: Group; nodes: number }[] {
  const counts = new Map<Group, number>();
  for (const { status } of nodes) counts.set(groupOf(status), (counts.get(groupOf(status)) ?? 0) + 1);
  return groups.flatMap((group) => {
    const nodes = counts.get(group);
    return nodes === undefined ? [] : [{ group, nodes }];
  });
}

/** Whether a node is among those looked for: each word of the text is in its name, address or status, whatever the case. */
export function matches(node: NodeView, text: string, group: Group | undefined): boolean {
  if (group !== undefined && groupOf(node.status) !== group) return false;
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const about = `${node.name} ${showAddress(node.host, node.port)} ${node.status.words}`.toLocaleLowerCase();
  return words.every((word) => about.includes(word));
}

/** Why a node is as it is, since when, and what comes next, in one line. */
export function reasonLine({ status, link, activation }: NodeView, nowMs: number): string {
  if (status.reason === 'deactivated') return `Deactivated by ${activation.by}, ${day(activation.at, nowMs)}`;
  const since = span(nowMs - Date.parse(status.since));
  const next = link?.phase === 'down' && link.nextTryAt !== undefined ? Date.parse(link.nextTryAt) - nowMs : 0;
  return `${status.words} · ${since}${next > 0 ? ` · next try in ${span(next + 999)}` : ''}`;
}

/** One row of the list, ready to be shown. Undefined is what is not known, and is shown as a dash, never as 0. */
export interface NodeRow {
  readonly node: NodeView;
  readonly address: string;
  readonly loads: readonly { readonly title: string; readonly tint: string; readonly share: number | undefined }[];
  readonly executors: string | undefined;
  readonly inFlight: number | undefined;
  /** On the node itself: requests that its executors have taken and hold back. */
  readonly queued: number | undefined;
  /** Its part of the work of all connected nodes since the Gateway started. */
  readonly share: string | undefined;
}

/** `figures` are what was counted of its requests: newer than what the node tells of itself. */
export function rowOf(node: NodeView, load: NodeLoad | undefined, figures?: NodeFigures): NodeRow {
  const { executors } = node;
  const online = executors.filter(({ state }) => state === 'online');
  return {
    node,
    address: showAddress(node.host, node.port),
    loads: [
      { title: 'CPU', tint: 'var(--cpu)', share: load?.cpuPercent },
      { title: 'RAM', tint: 'var(--ram)', share: load?.memoryPercent },
      { title: 'GPU', tint: 'var(--gpu)', share: load?.gpuPercent },
      { title: 'VRAM', tint: 'var(--vram)', share: load?.vramPercent },
    ],
    executors: executors.length === 0 ? undefined : `${online.length} / ${executors.length}`,
    inFlight:
      figures?.inFlight ??
      (executors.length === 0 ? undefined : online.reduce((sum, { inFlight }) => sum + inFlight, 0)),
    queued: executors.length === 0 ? undefined : online.reduce((sum, { queued }) => sum + queued, 0),
    share: figures?.connected === true ? share(figures.share) : undefined,
  };
}
