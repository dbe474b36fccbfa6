import { type Fact, type FactFamily, fromCloudEvent } from '@muster/contracts';
import type { JsMsg } from '@nats-io/jetstream';
import type * as z from 'zod/mini';

/** The facts of a family; of several families, those of any. Narrow on `type`. */
export type FactOf<Family extends FactFamily> = Family extends FactFamily
  ? Fact<z.output<Family['schema']> & { type: string; data: object }>
  : never;

/** The family among these that a subject belongs to. */
export const familyOf = <Family extends FactFamily>(families: readonly Family[], subject: string): Family | undefined =>
  families.find((family) => subject.startsWith(`${family.prefix}.`));

/** Reads a message as a fact of the family. Throws when headers or body do not fit. */
export function readFact<Family extends FactFamily>(family: Family, message: JsMsg): FactOf<Family> {
  const headers: Record<string, string> = {};
  for (const [name, values] of message.headers ?? []) headers[name.toLowerCase()] = values[0] ?? '';
  return fromCloudEvent(family, headers, message.json()) as FactOf<Family>;
}
