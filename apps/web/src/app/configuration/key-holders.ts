import { computed, inject, Service } from '@angular/core';
import { type KeyHolders, keyHolders } from '@muster/contracts';
import { Fleet } from '../live/fleet.js';
import { lastOf } from '../live/remote.js';
import { SettingsStore } from './settings-store.js';

/** Names of the activated nodes by the access key that they are linked under, live. */
@Service({ autoProvided: false })
export class KeyHoldersOfFleet {
  readonly #fleet = inject(Fleet);
  readonly #store = inject(SettingsStore);

  /** Undefined while the fleet or the settings are not known, or may not be seen. */
  readonly holders = computed((): KeyHolders | undefined => {
    const [fleet, settings] = [this.#fleet.last(), lastOf(this.#store.view())];
    if (fleet === undefined || settings === undefined) return undefined;
    const { current, former, unknown } = keyHolders(fleet.nodes.values(), settings.accessKey.keyId);
    const names = (ids: readonly string[]) => ids.map((nodeId) => fleet.nodes.get(nodeId)?.name ?? nodeId);
    return { current: names(current), former: names(former), unknown: names(unknown) };
  });
}
