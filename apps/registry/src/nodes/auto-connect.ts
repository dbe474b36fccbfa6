import type { Bus } from '@muster/bus';
import { sleep } from '@muster/bus';
import { Outage } from '@muster/contracts';
import type { Clock, Ids } from '@muster/service';
import type { DataSource } from 'typeorm';
import { GATEWAY } from '../gateway.js';
import { look } from './look.js';
import { anyNodeEver } from './milestones.table.js';
import type { Nodes } from './nodes.js';

/** About how often it looks, while there never was a node. */
const LOOK_EVERY_MS = 10_000;

/**
 * The node service of the machine starts with the registry and is there a moment later: at first it looks sooner. The monitor
 * lets ten looks a minute pass.
 */
const SOON_MS = [1_000, 1_000, 2_000, 3_000, 5_000];
export const LOCAL_NODE_NAME = 'Local Node';

export interface AutoConnectOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly database: DataSource;
  readonly bus: Bus;
  readonly nodes: Nodes;
  readonly clock: Clock;
  readonly ids: Ids;
  /** For the log, at its lowest level: that there is nobody is no trouble. */
  readonly tell: (words: string) => void;
  /** Waits between two looks; the time asked for is already spread. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  readonly random?: () => number;
}

/** Somebody else registered a first node while this one was looked at. */
class NotTheFirst extends Error {}

/**
 * Registers the node of the Gateway's own machine when there never was a node: looks for it now, a few times within the first
 * seconds, and then about every 10 s until one is there or any node was ever registered, removed ones included. Then it is done
 * for ever.
 */
export class AutoConnect {
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #told: string | undefined;

  constructor(private readonly options: AutoConnectOptions) {
    this.#done = this.#run(this.#stopping.signal);
  }

  /** Resolves when there is nothing to look for any more. */
  get done(): Promise<void> {
    return this.#done;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { pause = sleep, random = Math.random } = this.options;
    for (let looks = 0; !signal.aborted; looks += 1) {
      try {
        if (await anyNodeEver(this.options.database)) return;
        if (await this.#look(signal)) return;
      } catch (error) {
        // Bus, monitor or database are away, which health tells; or somebody was quicker, which the next turn sees.
        if (!signal.aborted) this.#tell(error instanceof Outage ? error.message : String(error));
      }
      await pause((SOON_MS[looks] ?? LOOK_EVERY_MS) * (0.8 + 0.4 * random()), signal);
    }
  }

  /** True when this very look registered the node. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { address, bus, nodes, clock, ids } = this.options;
    const trace = { commandId: ids.uuid(), correlationId: ids.uuid() };
    const last = await look(bus, address, { ...trace, signal });
    if (last.outcome === 'failed') {
      this.#tell(`No first node at ${address.host}:${address.port} yet: ${last.words}`);
      return false;
    }
    const { certificate } = last;
    const found = { found: 'on-this-machine', name: LOCAL_NODE_NAME, ...address, certificate } as const;
    await nodes.obey(
      { type: 'register', nodeId: ids.uuid(), ...found, at: clock.now() },
      { actor: GATEWAY, ...trace },
      {},
      (first) => {
        if (!first) throw new NotTheFirst('A first node was registered in the meantime');
      },
    );
    this.#tell(`Registered ${LOCAL_NODE_NAME} at ${address.host}:${address.port}`);
    return true;
  }

  /** Says the same thing once. */
  #tell(words: string): void {
    if (words === this.#told) return;
    this.#told = words;
    this.options.tell(words);
  }
}
