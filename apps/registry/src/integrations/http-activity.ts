import {
  type HttpReading,
  type IntegrationActivity,
  type IntegrationTrouble,
  MOST_HTTP_READERS,
  troublesTogether,
} from '@muster/contracts';

/** A gateway that is silent for so long has nothing open any more. */
const OPEN_FOR_MS = 5_000;
/** What it said before that still tells when somebody was there, and what was refused. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** A hundred integrations at ten gateways, or at one that was started ten times within a day; beyond that the oldest is forgotten. */
const MOST_KEPT = 1_000;

interface Heard {
  readonly reading: HttpReading;
  readonly atMs: number;
}

/** What integrations do over HTTP, by what each gateway told last. Times are a monotonic clock's. Pure. */
export class HttpActivity {
  readonly #heard = new Map<string, Heard>();

  heard(reading: HttpReading, nowMs: number): void {
    const key = `${reading.integrationId} ${reading.gateway}`;
    this.#heard.delete(key);
    this.#heard.set(key, { reading, atMs: nowMs });
    // Oldest first: whoever is heard again goes to the end.
    for (const [oldest, { atMs }] of this.#heard) {
      if (this.#heard.size <= MOST_KEPT && nowMs - atMs <= KEPT_MS) break;
      this.#heard.delete(oldest);
    }
  }

  /** When it was last seen at any gateway, in ISO 8601; undefined when nobody has told of it within a day. */
  seenAt(integrationId: string): string | undefined {
    return newest(this.#of(integrationId).map(({ reading }) => reading.seenAt));
  }

  /** What it reads at all gateways together; undefined when none has told of it within a day. */
  of(integrationId: string, nowMs: number): IntegrationActivity['http'] {
    const heard = this.#of(integrationId);
    if (heard.length === 0) return undefined;
    const open = heard.filter(({ atMs }) => nowMs - atMs <= OPEN_FOR_MS).map(({ reading }) => reading);
    const lastAt = newest(heard.flatMap(({ reading }) => reading.lastCall?.at ?? []));
    const lastCall = heard.find(({ reading }) => reading.lastCall?.at === lastAt)?.reading.lastCall;
    return {
      open: open.reduce((sum, each) => sum + each.open, 0),
      readers: open
        .flatMap(({ readers }) => readers)
        .sort((one, other) => (one.since < other.since ? -1 : 1))
        .slice(0, MOST_HTTP_READERS),
      ...(lastCall && { lastCall }),
    };
  }

  /** What was refused to it at all gateways together, newest first. */
  troublesOf(integrationId: string): IntegrationTrouble[] {
    return troublesTogether(this.#of(integrationId).map(({ reading }) => reading.troubles));
  }

  #of(integrationId: string): Heard[] {
    return [...this.#heard.values()].filter(({ reading }) => reading.integrationId === integrationId);
  }
}

const newest = (times: readonly string[]): string | undefined => times.toSorted().at(-1);
