import type { Fact } from '@muster/contracts';
import { beginSpan } from '@muster/tracing';

/** Does what follows from a fact as a part of the trace that it was recorded in. */
export async function inTraceOf(reader: string, { type, meta }: Fact, work: () => Promise<void> | void): Promise<void> {
  const { traceparent } = meta;
  const span = traceparent === undefined ? undefined : beginSpan(`take ${type}`, 'consumer', { from: { traceparent } });
  if (span === undefined) return work();
  span.set({ 'messaging.system': 'nats', 'messaging.consumer.group.name': reader });
  try {
    await span.run(work);
  } catch (error) {
    span.failed(error);
    throw error;
  } finally {
    span.end();
  }
}
