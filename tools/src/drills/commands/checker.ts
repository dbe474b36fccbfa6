/** An order that was answered with success. */
export interface Acknowledged {
  readonly commandId: string;
  readonly stream: string;
  /** The version that the answer named. */
  readonly version: number;
}

/** A row of the event table, as it stands at the end. */
export interface Row {
  readonly stream_id: string;
  readonly version: number;
  /** The command of its meta: each of the events of one append carries it. */
  readonly command: string;
  readonly position: string | null;
}

export interface Findings {
  /** Acknowledged orders of which nothing is stored. */
  readonly lost: number;
  /** Orders whose events stand in the stream in more than one place: carried out twice. */
  readonly doubled: number;
  /** Answers that named another version than the one that the order led to. */
  readonly misquoted: number;
  /** Answers to one writer, one after the other, whose versions did not grow. */
  readonly backwards: number;
  /** Versions that do not follow on the one before in their stream. */
  readonly holes: number;
  /** Positions that are missing, doubled, or not in the order of a stream's versions. */
  readonly misplaced: number;
}

/**
 * Checks a history of orders against what is stored. `acknowledged` is in the order of the answers, with one writer a stream;
 * `rows` in the order of stream and version. Pure.
 */
export function check(acknowledged: readonly Acknowledged[], rows: readonly Row[]): Findings {
  const places = new Map<string, number[]>();
  for (const { command, version } of rows) places.set(command, [...(places.get(command) ?? []), version]);
  const versionOf = (command: string) => places.get(command)?.at(-1);
  const answers = new Map<string, number>();
  let backwards = 0;
  for (const { stream, version } of acknowledged) {
    if (version <= (answers.get(stream) ?? 0)) backwards += 1;
    answers.set(stream, version);
  }
  return {
    lost: acknowledged.filter(({ commandId }) => !places.has(commandId)).length,
    doubled: [...places.values()].filter((versions) => !versions.every(follows)).length,
    misquoted: acknowledged.filter(
      ({ commandId, version }) => places.has(commandId) && versionOf(commandId) !== version,
    ).length,
    backwards,
    holes: rows.filter(({ stream_id, version }, index) => version !== versionBefore(rows, index, stream_id) + 1).length,
    misplaced: misplacedIn(rows),
  };
}

/** The events of one append follow one another. */
const follows = (version: number, index: number, all: readonly number[]): boolean =>
  index === 0 || version === (all[index - 1] ?? 0) + 1;

const versionBefore = (rows: readonly Row[], index: number, stream: string): number => {
  const before = rows[index - 1];
  return before?.stream_id === stream ? before.version : 0;
};

function misplacedIn(rows: readonly Row[]): number {
  const positions = rows.map(({ position }) => (position === null ? Number.NaN : Number(position)));
  const dense = [...positions].sort((one, other) => one - other).filter((position, index) => position !== index + 1);
  const swapped = rows.filter(({ stream_id }, index) => {
    const isNext = rows[index - 1]?.stream_id === stream_id;
    return isNext && !((positions[index] ?? 0) > (positions[index - 1] ?? 0));
  });
  return dense.length + swapped.length;
}
