import { Caller, type FieldProblem, Outage, Refusal, type RefusalCode, refusals } from '@muster/contracts';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import * as z from 'zod/mini';

/** How an order travels: the request as plain JSON in the body, and who asks, until when and under which id in headers. */
export const orderHeaders = {
  /** JSON of the Caller, percent-encoded since header values are ASCII. */
  caller: 'muster-caller',
  /** Milliseconds that the asker still waits, counted from arrival: no clock is compared. */
  deadlineMs: 'muster-deadline-ms',
  /** Names the call, so that the asker can take it back on `cancelSubject`. */
  call: 'muster-call',
  /** The trace that this is a part of, where traces are made (W3C Trace Context). */
  traceparent: 'traceparent',
} as const;

/** The asker tells every answering side here that it no longer waits for a call: `muster.cancel.<call>`. */
export const cancelSubject = (call: string): string => `muster.cancel.${call}`;

const CallId = z.string().check(z.regex(/^[A-Za-z0-9]{8,64}$/));

const OrderHeaders = z.object({
  caller: Caller,
  deadlineMs: z.coerce.number().check(z.int(), z.gte(1), z.lte(600_000)),
  call: CallId,
});
export type OrderHeaders = z.infer<typeof OrderHeaders>;

export function writeOrderHeaders({ caller, deadlineMs, call }: OrderHeaders, traceparent?: string): MsgHdrs {
  const written = headers();
  written.set(orderHeaders.caller, encodeURIComponent(JSON.stringify(caller)));
  written.set(orderHeaders.deadlineMs, String(Math.max(1, Math.ceil(deadlineMs))));
  written.set(orderHeaders.call, call);
  if (traceparent !== undefined) written.set(orderHeaders.traceparent, traceparent);
  return written;
}

/** Throws the Refusal `bad-input` when a header is absent or wrong. */
export function readOrderHeaders(read: MsgHdrs | undefined): OrderHeaders {
  const parsed = OrderHeaders.safeParse({
    caller: decoded(read?.get(orderHeaders.caller) ?? ''),
    deadlineMs: read?.get(orderHeaders.deadlineMs) ?? '',
    call: read?.get(orderHeaders.call) ?? '',
  });
  if (parsed.success) return parsed.data;
  throw new Refusal('bad-input', { words: 'The headers of the order do not say who asks and for how long' });
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(text));
  } catch {
    return undefined;
  }
}

/** The call that a cancel message names, or undefined. */
export const cancelledCall = (subject: string): string | undefined => {
  const call = subject.slice(subject.lastIndexOf('.') + 1);
  return CallId.safeParse(call).success ? call : undefined;
};

/**
 * What comes back. An order that answers once gets one `reply`; one that answers as a stream gets numbered `item`s and an
 * `end` that tells how many there were. The others end either kind.
 */
export const Envelope = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('reply'), reply: z.unknown() }),
  z.object({ outcome: z.literal('item'), n: z.number(), reply: z.unknown() }),
  z.object({ outcome: z.literal('end'), items: z.number() }),
  z.object({
    outcome: z.literal('refusal'),
    code: z.enum(Object.keys(refusals) as [RefusalCode, ...RefusalCode[]]),
    detail: z.object({
      field: z.optional(z.string()),
      words: z.optional(z.string()),
      fields: z.optional(z.array(z.object({ field: z.string(), words: z.string() }))),
      retryAfterMs: z.optional(z.number()),
      currentVersion: z.optional(z.number()),
    }),
  }),
  z.object({ outcome: z.literal('outage'), part: z.string(), message: z.string() }),
  /** Something is wrong in the service itself. What, stands in its log under the correlation id; here it is not told. */
  z.object({ outcome: z.literal('failure') }),
]);
export type Envelope = z.infer<typeof Envelope>;

export const refusalEnvelope = ({ code, detail: { fields, ...detail } }: Refusal): Envelope => ({
  outcome: 'refusal',
  code,
  detail: { ...detail, ...(fields ? { fields: [...fields] } : {}) },
});

export const readRefusal = ({ code, detail }: Extract<Envelope, { outcome: 'refusal' }>): Refusal =>
  new Refusal(code, detail as { fields?: FieldProblem[] });

/** Why no answer came. Only after `no-responders` and `not-sent` is it sure that nothing was done. */
export type AskProblem =
  'not-sent' | 'no-responders' | 'deadline' | 'disconnected' | 'overloaded' | 'cancelled' | 'away' | 'failed';

/** An order got no answer from the part that should give it. */
export class AskOutage extends Outage {
  constructor(
    readonly problem: AskProblem,
    part: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(part, message, options);
  }
}

/** The service that answers a subject: the third token of `muster.ask.<service>.<order>`; the monitor for commands to a node. */
export const partOf = (subject: string): string => {
  const [, kind, service] = subject.split('.');
  return kind === 'command' ? 'monitor' : (service ?? 'bus');
};
