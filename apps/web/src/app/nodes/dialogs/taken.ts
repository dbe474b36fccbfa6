import { computed, inject, signal, type Signal } from '@angular/core';
import { addressKey, nameKey, refusals } from '@muster/contracts';
import type { Failure } from '../../api/outcome.js';
import { Fleet } from '../../live/fleet.js';
import type { TypedAddress } from './address-fields.js';

/** Names and addresses that are taken, by what the page knows of the fleet and by what the server has refused. */
export interface Taken {
  readonly names: Signal<ReadonlySet<string>>;
  name(name: string): string | undefined;
  address(address: TypedAddress): string | undefined;
  /** Remembers a refusal that is about one of the two; false when it is about something else. */
  refused(failure: Failure, name: string, address: TypedAddress): boolean;
}

/** Leaves out the node `own`, which may keep what it has. Call it where things are injected. */
export function taken(own?: string): Taken {
  const fleet = inject(Fleet);
  const refused = signal<readonly string[]>([]);
  const others = computed(() => [...(fleet.last()?.nodes.values() ?? [])].filter(({ nodeId }) => nodeId !== own));
  const names = computed(() => new Set(others().map(({ name }) => nameKey(name))));
  const addresses = computed(() => new Set(others().map(({ host, port }) => addressKey(host, port))));
  const keyOf = ({ host, port }: TypedAddress): string => addressKey(host, Number(port));
  return {
    names,
    name: (name) =>
      names().has(nameKey(name)) || refused().includes(`name ${nameKey(name)}`)
        ? refusals['node-name-taken']
        : undefined,
    address: (address) =>
      addresses().has(keyOf(address)) || refused().includes(`address ${keyOf(address)}`)
        ? refusals['node-address-taken']
        : undefined,
    refused({ code }, name, address) {
      if (code === 'node-name-taken') refused.update((keys) => [...keys, `name ${nameKey(name)}`]);
      else if (code === 'node-address-taken') refused.update((keys) => [...keys, `address ${keyOf(address)}`]);
      else return false;
      return true;
    },
  };
}
