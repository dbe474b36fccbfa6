import type { Caller } from '@muster/contracts';

/**
 * The gateway speaking for itself: for orders before anybody is signed in, and for what it shows to whole rooms. It may see
 * the fleet, since it asks only for those who may; it may change nothing.
 */
export const gatewayCaller = (commandId: string, correlationId: string): Caller => ({
  actor: { kind: 'gateway', id: 'gateway', name: 'Gateway' },
  permissions: ['fleet:view'],
  commandId,
  correlationId,
});
