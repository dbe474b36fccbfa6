import type { ReadHealthFacts, ReplyOf, RequestOf } from '@muster/contracts';
import { onDatabase, readNumbered } from '@muster/event-store';
import type { DataSource } from 'typeorm';

/** An answer of the bus has room for so much; a single fact is never larger than that. */
const MOST_BYTES = 640 * 1024;

/** The monitor's facts after a position, for ever. Throws an Outage. */
export async function readHealthFacts(
  database: DataSource,
  { after, stream, limit }: RequestOf<typeof ReadHealthFacts>,
): Promise<ReplyOf<typeof ReadHealthFacts>> {
  const rows = await onDatabase(() => readNumbered(database, after, limit, stream));
  let bytes = 0;
  const fitting = rows.findIndex((row) => (bytes += Buffer.byteLength(JSON.stringify(row))) > MOST_BYTES);
  const facts = (fitting < 0 ? rows : rows.slice(0, Math.max(1, fitting))).map(
    ({ id, stream: of, version, position, at, type, data, meta }) => ({
      ...{ id, stream: of, version, position, at, type, data, meta },
    }),
  );
  return { facts };
}
