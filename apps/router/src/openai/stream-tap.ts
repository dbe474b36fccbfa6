import { type Usage, usageIn } from './usage.js';

/** An event that is longer goes on in parts, unread: what waits here is bounded. */
const LONGEST_EVENT_BYTES = 256 * 1024;
const NEW_LINE = 0x0a;
const RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/**
 * Lets the bytes of a stream of server-sent events pass, and reads on the way what must be known: whether it came to its end,
 * and how many tokens it took. Whole events pass as they are, in the buffer they came in; only a part of an event waits for
 * its rest, which nobody could read before either. With `hideUsage` the one event that was not asked for, the usage without
 * any choice, is left out.
 */
export class StreamTap {
  usage: Usage | undefined;
  /** The stream said `[DONE]`. */
  done = false;
  /** An `error` was among its events: it did not come to its end, whatever it says after that. */
  failed = false;
  #rest: Buffer = NOTHING;
  #tooLong = false;

  constructor(private readonly hideUsage: boolean) {}

  /** A part of an event has gone on already: it was too long to wait for its rest. */
  get midEvent(): boolean {
    return this.#tooLong;
  }

  /** What of this may go on to the client now. */
  take(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = endOfEvents(bytes);
    if (end === 0) return this.#wait(bytes);
    this.#rest = end === bytes.length ? NOTHING : bytes.subarray(end);
    const whole = end === bytes.length ? bytes : bytes.subarray(0, end);
    if (this.#tooLong) {
      this.#tooLong = false;
      return whole;
    }
    const text = whole.toString('latin1');
    return text.includes('"usage"') || text.includes('[DONE]') || text.includes('error')
      ? this.#read(whole, text)
      : whole;
  }

  /** The stream is over: what was waiting for its rest. */
  end(): Buffer {
    const rest = this.#rest;
    this.#rest = NOTHING;
    if (rest.length > 0 && !this.#tooLong) this.#note(rest.toString('latin1'));
    return rest;
  }

  #wait(bytes: Buffer): Buffer {
    if (bytes.length <= LONGEST_EVENT_BYTES && !this.#tooLong) {
      this.#rest = bytes;
      return NOTHING;
    }
    this.#tooLong = true;
    // The last bytes may be the half of an empty line.
    this.#rest = bytes.subarray(bytes.length - 3);
    return bytes.subarray(0, bytes.length - 3);
  }

  /** Something in here is to be read: event by event. */
  #read(whole: Buffer, text: string): Buffer {
    const kept: Buffer[] = [];
    let left = false;
    for (let at = 0; at < whole.length;) {
      const next = at + nextEvent(whole, at);
      if (this.#note(text.slice(at, next)) && this.hideUsage) left = true;
      else kept.push(whole.subarray(at, next));
      at = next;
    }
    return left ? Buffer.concat(kept) : whole;
  }

  /** Reads one event. Whether it tells the usage and nothing else. */
  #note(event: string): boolean {
    if (/^data: ?\[DONE\]/m.test(event)) this.done = true;
    if (/^event: ?error\s*$/m.test(event) || /^data: ?\{\s*"error"\s*:/m.test(event)) this.failed = true;
    if (!event.includes('"usage"')) return false;
    const usage = usageIn(event);
    if (usage === undefined) return false;
    this.usage = usage;
    return /"choices"\s*:\s*\[\s*\]/.test(event);
  }
}

/** Where the last whole event ends: behind the last empty line. 0 when there is none. */
function endOfEvents(bytes: Buffer): number {
  for (let at = bytes.length - 1; at > 0; at -= 1) {
    if (bytes[at] !== NEW_LINE) continue;
    if (bytes[at - 1] === NEW_LINE || (bytes[at - 1] === RETURN && bytes[at - 2] === NEW_LINE)) return at + 1;
  }
  return 0;
}

/** The length of the event that begins here, its empty line included; all the rest when there is no empty line. */
function nextEvent(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(NEW_LINE, from); at !== -1; at = bytes.indexOf(NEW_LINE, at + 1)) {
    const next = bytes[at + 1] === RETURN ? at + 2 : at + 1;
    if (bytes[next] === NEW_LINE) return next + 1 - from;
  }
  return bytes.length - from;
}
