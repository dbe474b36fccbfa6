import { type RequestOutcome, RequestError, requestOutcomes, type RequestView, type Tally } from '@muster/contracts';
import * as z from 'zod/mini';
import { Distribution, StoredDistribution } from './distribution.js';

const whole = z.number().check(z.int());

const sums = ['completed', 'failed', 'cancelled', 'refused', 'lost', 'delayed'] as const;
const amounts = ['tokensIn', 'tokensOut', 'bytesIn', 'bytesOut'] as const;
const measures = ['queueMs', 'firstTokenMs', 'totalMs', 'tokensPerSecond'] as const;
const sumNames = [...sums, ...amounts] as const;
type Sum = (typeof sumNames)[number];
type Measure = (typeof measures)[number];

/** Tokens a second are recorded in tenths, so that slow ones are told apart. */
const scales: Record<Measure, number> = { queueMs: 1, firstTokenMs: 1, totalMs: 1, tokensPerSecond: 10 };

/** A cell as it is stored; what is 0 or empty is left out. A change to a cell has the same form, and may be below 0. */
export const StoredCell = z.object({
  sums: z.partialRecord(z.enum(sumNames), whole),
  errors: z.partialRecord(RequestError, whole),
  spreads: z.partialRecord(z.enum(measures), StoredDistribution),
});
export type StoredCell = z.infer<typeof StoredCell>;

const isOutcome = (state: string): state is RequestOutcome => (requestOutcomes as readonly string[]).includes(state);

/**
 * How fast an answer was written. Of a stream: the tokens after the first, for each second from that one to the end. Of an answer
 * that came as a whole, which says nothing of its first token: all of them, for each second that it was not waiting for a slot.
 * Undefined where that was no time, or no token.
 */
export function tokensPerSecond(request: RequestView): number | undefined {
  const { stream, tokensOut = 0, queueMs = 0, firstTokenMs = 0, totalMs = 0 } = request;
  const tokens = stream ? tokensOut - 1 : tokensOut;
  const ms = totalMs - (stream ? firstTokenMs : queueMs);
  return tokens <= 0 || ms <= 0 ? undefined : (tokens * 1000) / ms;
}

/** When the first token of a stream was there; the first byte of a whole answer is that of its last token too. */
const measured = (request: RequestView, name: Measure): number | undefined => {
  if (name === 'tokensPerSecond') return tokensPerSecond(request);
  return name === 'firstTokenMs' && !request.stream ? undefined : request[name];
};

const noSums = (): Record<Sum, number> => ({
  ...{ completed: 0, failed: 0, cancelled: 0, refused: 0, lost: 0, delayed: 0 },
  ...{ tokensIn: 0, tokensOut: 0, bytesIn: 0, bytesOut: 0 },
});

/**
 * What is counted of some requests: those of one span of time, of one node, model or key. Adding up cells in any order and
 * grouping gives the cell of all their requests.
 */
export class Cell {
  readonly #sums = noSums();
  readonly #errors = new Map<RequestError, number>();
  readonly #spreads = new Map<Measure, Distribution>();

  static from({ sums: stored, errors, spreads }: StoredCell): Cell {
    const cell = new Cell();
    for (const [name, value] of Object.entries(stored)) cell.#sums[name as Sum] += value;
    for (const [name, value] of Object.entries(errors)) cell.#error(name as RequestError, value);
    for (const [name, value] of Object.entries(spreads)) cell.#spreads.set(name as Measure, Distribution.from(value));
    return cell;
  }

  /** Counts a request that has ended. `isDelayed` by the threshold in force. */
  ended(request: RequestView, isDelayed: boolean): void {
    const { state, error } = request;
    if (!isOutcome(state)) throw new Error(`A request that is ${state} has not ended`);
    this.#sums[state] += 1;
    if (isDelayed) this.#sums.delayed += 1;
    for (const name of amounts) this.#sums[name] += request[name] ?? 0;
    if (error !== undefined) this.#error(error, 1);
    for (const name of measures) {
      const value = measured(request, name);
      if (value !== undefined) this.#spread(name).record(value * scales[name]);
    }
  }

  /** Counts a request as lost; with -1, takes that back. */
  lost(times: 1 | -1): void {
    this.#sums.lost += times;
  }

  merge(other: Cell): void {
    for (const name of sumNames) this.#sums[name] += other.#sums[name];
    for (const [name, value] of other.#errors) this.#error(name, value);
    for (const [name, value] of other.#spreads) this.#spread(name).merge(value);
  }

  stored(): StoredCell {
    return {
      sums: Object.fromEntries(Object.entries(this.#sums).filter(([, value]) => value !== 0)),
      errors: Object.fromEntries([...this.#errors].filter(([, value]) => value !== 0)),
      spreads: Object.fromEntries([...this.#spreads].map(([name, value]) => [name, value.stored()])),
    };
  }

  /** What a page is told of it. */
  tally(): Tally {
    const sum = (name: Sum): number => Math.max(0, this.#sums[name]);
    const tally: Tally = {
      ...{ completed: sum('completed'), failed: sum('failed'), cancelled: sum('cancelled'), refused: sum('refused') },
      ...{ lost: sum('lost'), delayed: sum('delayed'), errors: Object.fromEntries(this.#errors) },
      ...{ tokensIn: sum('tokensIn'), tokensOut: sum('tokensOut'), bytesIn: sum('bytesIn'), bytesOut: sum('bytesOut') },
    };
    for (const name of measures) {
      const spread = this.#spreads.get(name)?.spread(scales[name]);
      if (spread !== undefined) tally[name] = spread;
    }
    return tally;
  }

  #error(name: RequestError, value: number): void {
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + value);
  }

  #spread(name: Measure): Distribution {
    const known = this.#spreads.get(name);
    if (known !== undefined) return known;
    const made = new Distribution();
    this.#spreads.set(name, made);
    return made;
  }
}
