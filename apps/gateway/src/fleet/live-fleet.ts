import {
  type Fact,
  Fleet,
  type FleetChange,
  type FleetNode,
  type FleetSnapshot,
  type GatewayView,
  loadOf,
  type MonitorPulse,
  type NodeEvent,
  type NodeLoad,
  type NodeSample,
  type NodeState,
  type NodeView,
  type Notice,
  type SettingsState,
  statusOf,
  viewOf,
} from '@muster/contracts';

/** A monitor not heard for that long is silent, and its nodes are unwatched. */
export const SILENT_AFTER_MS = 5_000;

/** A node whose sample is older has no load to show. */
const LOAD_FOR_MS = 5_000;

interface Heard {
  atMs: number;
  impaired: boolean;
}

interface Told {
  readonly lookingAt?: string | undefined;
  readonly apiUrl?: string | undefined;
}

/**
 * Every node as the pages show it, from the facts about it, its state, the pulses of the monitors and the newest samples.
 * Pure: times come with each call, `nowMs` by a monotonic clock and `at` as ISO 8601. What pages see moves only with
 * `tick`, so that a snapshot and the changes after it fit together.
 */
export class LiveFleet {
  readonly #fleet = new Fleet();
  readonly #states = new Map<string, NodeState>();
  /** The highest token seen of each node: a lower one comes from a monitor that has lost the node. */
  readonly #tokens = new Map<string, number>();
  readonly #monitors = new Map<string, Heard>();
  readonly #samples = new Map<string, { load: NodeLoad; atMs: number }>();
  /** Since when a node is wanted that no monitor has said anything about yet. */
  readonly #wanted = new Map<string, { sinceMs: number; at: string }>();
  /** Since when the bus is away; undefined while it is there. */
  #awaySinceMs: number | undefined;
  #aliveSinceMs: number;

  #shown = new Map<string, NodeView>();
  #shownText = new Map<string, string>();
  #loads = new Map<string, NodeLoad>();
  #loadsMoved = new Set<string>();
  #settings: Pick<SettingsState, 'version' | 'inferenceOpen'> | undefined;
  #stores = { parked: false, heldUp: false };
  #gateway: GatewayView;
  #startedAt: string;

  /**
   * `lookingAt` is where the registry looks for a first node, told for as long as none was ever registered; `apiUrl` is where
   * applications send their requests.
   */
  constructor(version: string, startedAt: string, nowMs: number, { lookingAt, apiUrl }: Told = {}) {
    this.#gateway = {
      version,
      startedAt,
      notices: [],
      ...(lookingAt === undefined ? {} : { lookingAt }),
      ...(apiUrl === undefined ? {} : { apiUrl }),
    };
    this.#startedAt = startedAt;
    this.#aliveSinceMs = nowMs;
  }

  /** The Gateway has started at this time, before this gateway service did. */
  startedAt(startedAt: string): void {
    this.#startedAt = startedAt;
  }

  /** Whether a node of this id is present. */
  has(nodeId: string): boolean {
    return this.#fleet.nodes.has(nodeId);
  }

  fact(fact: Fact<NodeEvent>, nowMs: number, at: string): void {
    if (!this.#fleet.apply(fact)) return;
    const { nodeId } = fact.data;
    if (fact.type === 'NodeActivated') this.#wanted.set(nodeId, { sinceMs: nowMs, at });
    if (this.#fleet.nodes.has(nodeId)) return;
    this.#states.delete(nodeId);
    this.#tokens.delete(nodeId);
    this.#samples.delete(nodeId);
    this.#wanted.delete(nodeId);
  }

  /** A node's state from the bus. False when it comes from a monitor that has lost the node, and is dropped. */
  state(state: NodeState, nowMs: number): boolean {
    const { nodeId, monitorId, token } = state;
    if (token < (this.#tokens.get(nodeId) ?? 0)) return false;
    this.#tokens.set(nodeId, token);
    this.#states.set(nodeId, state);
    this.#wanted.delete(nodeId);
    // A monitor that has not been heard yet gets as long to be heard as one that falls silent.
    if (!this.#monitors.has(monitorId)) this.#monitors.set(monitorId, { atMs: nowMs, impaired: false });
    return true;
  }

  /** The state of a node was taken away: nobody watches it. */
  stateless(nodeId: string): void {
    this.#states.delete(nodeId);
  }

  pulse({ monitorId, impaired }: MonitorPulse, nowMs: number): void {
    this.#monitors.set(monitorId, { atMs: nowMs, impaired });
  }

  /** How the stores of facts do, as the services said last. */
  stores(stores: { readonly parked: boolean; readonly heldUp: boolean }): void {
    this.#stores = stores;
  }

  /** The settings in force, as far as every page tells of them. */
  settings({ version, inferenceOpen }: Pick<SettingsState, 'version' | 'inferenceOpen'>): void {
    this.#settings = { version, inferenceOpen };
  }

  sample({ nodeId, measurement }: NodeSample, nowMs: number): void {
    if (!this.#fleet.nodes.has(nodeId)) return;
    const load = loadOf(measurement);
    this.#samples.set(nodeId, { load, atMs: nowMs });
    this.#loadsMoved.add(nodeId);
  }

  /**
   * While the bus is away nobody can be heard, which says nothing about monitors: the silence of those that were heard until
   * then counts anew afterwards. One that was silent before stays so until it is heard.
   */
  bus(up: boolean, nowMs: number): void {
    if (up && this.#awaySinceMs !== undefined) {
      const heard = [...this.#monitors].filter(([monitorId]) => this.#hears(monitorId, nowMs));
      for (const [, each] of heard) each.atMs = nowMs;
      this.#aliveSinceMs = nowMs;
      this.#awaySinceMs = undefined;
    } else if (!up) this.#awaySinceMs ??= nowMs;
  }

  /** A node as it is now; undefined when there is no such node. */
  view(nodeId: string, nowMs: number, at: string): NodeView | undefined {
    const node = this.#fleet.nodes.get(nodeId);
    return node && this.#viewOf(node, nowMs, at);
  }

  views(nowMs: number, at: string): NodeView[] {
    return [...this.#fleet.nodes.values()].map((node) => this.#viewOf(node, nowMs, at));
  }

  /** What the pages were last told. */
  snapshot(): FleetSnapshot {
    return {
      gateway: this.#gateway,
      nodes: [...this.#shown.values()],
      loads: Object.fromEntries(this.#loads),
    };
  }

  /** Takes up what has changed since the tick before. Undefined when nothing did. */
  tick(nowMs: number, at: string): FleetChange | undefined {
    this.#forgetMonitors(nowMs);
    const changed: NodeView[] = [];
    const removed = [...this.#shown.keys()].filter((nodeId) => !this.#fleet.nodes.has(nodeId));
    for (const nodeId of removed) {
      this.#shown.delete(nodeId);
      this.#shownText.delete(nodeId);
      this.#loads.delete(nodeId);
    }
    for (const node of this.#fleet.nodes.values()) {
      const view = this.#viewOf(node, nowMs, at);
      const text = JSON.stringify(view);
      if (this.#shownText.get(node.nodeId) === text) continue;
      this.#shown.set(node.nodeId, view);
      this.#shownText.set(node.nodeId, text);
      changed.push(view);
    }
    const loads = this.#moveLoads(nowMs);
    const noticed = this.#moveGateway(nowMs);
    if (!noticed && changed.length === 0 && removed.length === 0 && Object.keys(loads).length === 0) return undefined;
    return { ...(noticed ? { gateway: this.#gateway } : {}), changed, removed, loads };
  }

  #moveGateway(nowMs: number): boolean {
    const { lookingAt, notices: before, settingsVersion: seen, startedAt, ...rest } = this.#gateway;
    const notices = [...this.#notices(nowMs), ...(this.#settings?.inferenceOpen ? (['inference-open'] as const) : [])];
    const settingsVersion = this.#settings?.version ?? seen;
    const found = lookingAt !== undefined && this.#fleet.position > 0;
    const isOlder = startedAt !== this.#startedAt;
    if (!found && !isOlder && notices.join() === before.join() && settingsVersion === seen) return false;
    this.#gateway = {
      ...rest,
      startedAt: this.#startedAt,
      notices,
      ...(settingsVersion === undefined ? {} : { settingsVersion }),
      ...(lookingAt === undefined || found ? {} : { lookingAt }),
    };
    return true;
  }

  #moveLoads(nowMs: number): Record<string, NodeLoad> {
    const moved: Record<string, NodeLoad> = {};
    for (const [nodeId, { load, atMs }] of this.#samples) {
      if (nowMs - atMs >= LOAD_FOR_MS) {
        this.#samples.delete(nodeId);
        this.#loads.delete(nodeId);
      } else if (this.#loadsMoved.has(nodeId)) {
        this.#loads.set(nodeId, load);
        moved[nodeId] = load;
      }
    }
    this.#loadsMoved.clear();
    return moved;
  }

  #hears(monitorId: string, nowMs: number): boolean {
    const heard = this.#monitors.get(monitorId);
    return heard !== undefined && (this.#awaySinceMs ?? nowMs) - heard.atMs < SILENT_AFTER_MS;
  }

  #hearsAny(nowMs: number): boolean {
    return [...this.#monitors.keys()].some((monitorId) => this.#hears(monitorId, nowMs));
  }

  #viewOf(node: FleetNode, nowMs: number, at: string): NodeView {
    const { nodeId, activated } = node;
    const before = this.#shown.get(nodeId);
    const state = this.#states.get(nodeId);
    if (state !== undefined) return viewOf(node, state, this.#hears(state.monitorId, nowMs), before, at);
    const view = viewOf(node, undefined, false, before, at);
    const wanted = this.#wanted.get(nodeId);
    const isNew = wanted !== undefined && nowMs - wanted.sinceMs < SILENT_AFTER_MS;
    // Just activated, and a monitor is there that has not come to it yet: no reason for an alarm.
    if (!activated || !isNew || !this.#hearsAny(nowMs)) return view;
    const link = { phase: 'connecting', since: wanted.at } as const;
    return {
      ...view,
      link,
      status: statusOf({ activated, link, condition: undefined, executors: [] }, before?.status, at),
    };
  }

  #notices(nowMs: number): Notice[] {
    if (this.#awaySinceMs !== undefined) return ['bus-away'];
    const notices: Notice[] = [];
    const active = [...this.#fleet.nodes.values()].filter(({ activated }) => activated);
    const unheard = ({ nodeId }: FleetNode) => {
      const state = this.#states.get(nodeId);
      return state === undefined ? !this.#hearsAny(nowMs) : !this.#hears(state.monitorId, nowMs);
    };
    if (nowMs - this.#aliveSinceMs >= SILENT_AFTER_MS && active.some(unheard)) notices.push('monitor-silent');
    const impaired = [...this.#monitors].some(([id, heard]) => heard.impaired && this.#hears(id, nowMs));
    if (impaired) notices.push('monitor-impaired');
    if (this.#stores.heldUp) notices.push('facts-held-up');
    if (this.#stores.parked) notices.push('facts-parked');
    return notices;
  }

  /** Monitors that are silent and hold no node are gone for good: an installation may see many ids in its life. */
  #forgetMonitors(nowMs: number): void {
    const holding = new Set([...this.#states.values()].map(({ monitorId }) => monitorId));
    for (const monitorId of this.#monitors.keys())
      if (!holding.has(monitorId) && !this.#hears(monitorId, nowMs)) this.#monitors.delete(monitorId);
  }
}
