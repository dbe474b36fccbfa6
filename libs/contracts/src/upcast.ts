import type { StoredEvent } from './fact.js';

/**
 * Old JSON to today's, one rule after the other, oldest first. Run on every read of a stored event or a fact from the bus.
 * There is no old shape yet: the first change of a shipped one adds its rule here and its fixture in `fixtures/`.
 */
export const upcast = (stored: StoredEvent): StoredEvent => stored;

/** Saved with every event: by which edition of the shapes it was written. Raised with each rule that is added here. */
export const SCHEMA_VERSION = 1;
