import type { ReplyTo } from './calls.js';

export interface EventsOptions {
  /** A position, `0` for the oldest fact that is kept, `now` for what comes from now on. `now` unless given. */
  readonly after?: string | undefined;
  /** Of which streams, with commas between; of the position's unless given, else of all that one may read. */
  readonly streams?: string | undefined;
  /** How long the Gateway waits for a fact before it answers without one, at most 30,000. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EventsPage {
  readonly events: AsyncIterable<ReplyTo<'readEvents'>>;
  /** The position behind the whole page. */
  readonly position: string | undefined;
}

/**
 * Every fact after a position, without an end. Each carries in `after` the position behind it: keep it together with what the fact
 * led to, and begin there again. A page that breaks off is asked for again from where it did. Rejects with what `page` rejects with.
 */
export async function* eventsOf(
  { after = 'now', signal, ...options }: EventsOptions,
  page: (query: EventsOptions & { after: string }) => Promise<EventsPage>,
): AsyncGenerator<ReplyTo<'readEvents'>, void, undefined> {
  let from = after;
  while (signal?.aborted !== true) {
    const { events, position } = await page({ waitMs: 20_000, ...options, after: from, signal });
    for await (const event of events) {
      from = event.after;
      yield event;
    }
    if (position !== undefined) from = position;
  }
}
