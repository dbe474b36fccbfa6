import type { Caller, FactMeta } from '@muster/contracts';

/** What a fact says of where it came from, out of the order that led to it. */
export const metaOf = ({ actor, commandId, correlationId }: Caller): FactMeta => ({ actor, commandId, correlationId });
