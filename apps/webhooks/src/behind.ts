import { type FactLog, PositionAhead } from '@muster/bus';
import { Outage, readPosition, type StreamName } from '@muster/contracts';

/**
 * How many facts of these streams come behind a position, whether the receiver wants their types or not. Undefined where nobody can
 * tell: the bus is away, lost the stream, or what comes next is not kept any more.
 */
export async function factsBehind(
  log: FactLog,
  streams: readonly StreamName[],
  position: string,
): Promise<number | undefined> {
  const marks = readPosition(position);
  try {
    const behind = await Promise.all(
      streams.map(async (stream) => {
        const mark = marks?.[stream];
        if (mark === undefined) return undefined;
        const [{ cursor, missed }, end] = await Promise.all([log.seek(stream, mark), log.end(stream)]);
        return missed !== undefined || cursor.life !== end.life
          ? undefined
          : Math.max(0, end.sequence - cursor.sequence);
      }),
    );
    return behind.reduce<number | undefined>(
      (sum, each) => (sum === undefined || each === undefined ? undefined : sum + each),
      0,
    );
  } catch (error) {
    if (error instanceof PositionAhead || error instanceof Outage) return undefined;
    throw error;
  }
}
