import { type Fact, type FactFamily, fromCloudEvent } from '@muster/contracts';
import type { MsgHdrs } from '@nats-io/transport-node';
import type * as z from 'zod/mini';

/** A message as it comes from a stream, by whichever way. */
export interface WithHeaders {
  readonly headers?: MsgHdrs | undefined;
}

/** The facts of a family; of several families, those of any. Narrow on `type`. */
export type FactOf<Family extends FactFamily> = Family extends FactFamily
  ? Fact<z.output<Family['schema']> & { type: string; data: object }>
  : never;

/** The family among these that a subject belongs to. */
export const familyOf = <Family extends FactFamily>(families: readonly Family[], subject: string): Family | undefined =>
  families.find((family) => subject.startsWith(`${family.prefix}.`));

/** Reads the headers of a message and its body, which is parsed already, as a fact of the family. Throws when they do not fit. */
export function readFact<Family extends FactFamily>(
  family: Family,
  message: WithHeaders,
  body: unknown,
): FactOf<Family> {
  const headers: Record<string, string> = {};
  for (const [name, values] of message.headers ?? []) headers[name.toLowerCase()] = values[0] ?? '';
  return fromCloudEvent(family, headers, body) as FactOf<Family>;
}
