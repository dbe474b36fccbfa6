import type { Bus, Following, Watching } from '@muster/bus';
import {
  factFamilies,
  Fleet,
  type KeyHolders,
  keyHolders,
  type Link,
  NodeState,
  type SettingsState,
} from '@muster/contracts';
import type { Ids } from '@muster/service';
import { GATEWAY } from '../gateway.js';
import type { SettingsBucket } from './settings-bucket.js';
import type { Settings } from './settings.js';

/** While a rotation is on, the nodes are looked at this often, and as often a failed end is tried again. */
const LOOK_EVERY_MS = 1_000;

export interface KeyRotationOptions {
  readonly settings: Pick<Settings, 'endRotation'>;
  readonly bucket: Pick<SettingsBucket, 'onState' | 'tell'>;
  readonly bus: Bus;
  readonly ids: Ids;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Ends a rotation of the access key by itself once every activated node is linked under the new key, as the monitors tell it. A
 * node that can not be reached keeps it going: whether it has the new key is not known. Two registries may both see the end;
 * one of them records it.
 */
export class KeyRotation {
  readonly #fleet = new Fleet();
  readonly #links = new Map<string, { readonly token: number; readonly link: Link }>();
  #state: SettingsState | undefined;
  #following: Following | undefined;
  #watching: Watching | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly options: KeyRotationOptions) {}

  /** Begins to watch. What the bus holds comes when it comes: the registry starts without it. */
  start(): void {
    const { bus, bucket, onFailure } = this.options;
    this.#watching = bus.bucket('NODES', NodeState).watch((change) => {
      if (change.change === 'deleted') this.#links.delete(change.key);
      // A lower token comes from a monitor that has lost the node.
      else if (change.value.token >= (this.#links.get(change.key)?.token ?? 0))
        this.#links.set(change.key, change.value);
    });
    const states = this.#watching.ready;
    const known = bus
      .followFacts([factFamilies.node], (fact) => void this.#fleet.apply(fact))
      .then(async (following) => {
        this.#following = following;
        if (this.#stopped) return following.stop();
        await Promise.all([following.caughtUp, states]);
        bucket.onState((state) => {
          this.#state = state;
        });
        this.#schedule();
      });
    known.catch(onFailure);
  }

  /** Which activated node was last seen to have which key. */
  holders(): KeyHolders {
    const nodes = [...this.#fleet.nodes.values()].map(({ nodeId, activated }) => ({
      nodeId,
      activated,
      link: this.#links.get(nodeId)?.link,
    }));
    return keyHolders(nodes, this.#state?.accessKey.keyId ?? '');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all([this.#following?.stop(), this.#watching?.stop()]);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().catch(this.options.onFailure);
      void this.#looking.then(() => {
        this.#schedule();
      });
    }, LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    const { settings, bucket, ids } = this.options;
    if (this.#state?.previousAccessKey === undefined) return;
    const { former, unknown } = this.holders();
    if (former.length > 0 || unknown.length > 0) return;
    const { keyId } = this.#state.accessKey;
    await settings.endRotation([], { actor: GATEWAY, commandId: ids.uuid(), correlationId: ids.uuid() }, { keyId });
    await bucket.tell();
  }
}
