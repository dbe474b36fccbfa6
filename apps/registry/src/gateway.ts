import type { Actor } from '@muster/contracts';

/** The registry itself, when it asks or decides without a person. */
export const GATEWAY: Actor = { kind: 'gateway', id: 'registry', name: 'Gateway' };
