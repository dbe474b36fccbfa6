import * as z from 'zod/mini';

/**
 * A fact as one JSON object: a CloudEvent 1.0 in structured mode (CloudEvents JSON format 1.0.2), extensions included. What is a
 * header `ce-<name>` on the bus is the member `<name>` here, the same text; `content-type` is `datacontenttype`.
 */
export const StructuredEvent = z.catchall(
  z.object({
    specversion: z.literal('1.0'),
    id: z.string().check(z.minLength(1)),
    type: z.string().check(z.minLength(1)),
    source: z.string().check(z.minLength(1)),
    subject: z.string(),
    time: z.iso.datetime(),
    datacontenttype: z.literal('application/json'),
    facttype: z.string(),
    data: z.record(z.string(), z.unknown()),
  }),
  z.string(),
);
export type StructuredEvent = z.infer<typeof StructuredEvent>;

/**
 * What stands on the bus in binary mode, in structured mode. `headers` have small letters. Throws when they are not those of a
 * fact: the caller decides what becomes of the message. What is percent-encoded in headers (NATS binding 1.0.2, 3.1.3.2) is not here.
 */
export function structuredEvent(
  headers: Iterable<readonly [string, string | undefined]>,
  data: unknown,
): StructuredEvent {
  const event: Record<string, unknown> = {};
  for (const [name, value] of headers)
    if (value === undefined) continue;
    else if (name.startsWith('ce-')) event[name.slice(3)] = decodeURIComponent(value);
    else if (name === 'content-type') event['datacontenttype'] = value;
  return StructuredEvent.parse({ ...event, data });
}
