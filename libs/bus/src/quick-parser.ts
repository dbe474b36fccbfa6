import { Kind, type MsgArg, NatsConnectionImpl, Parser, State } from '@nats-io/nats-core/internal';
import type { NatsConnection } from '@nats-io/transport-node';

const [H, LOWER_H, M, LOWER_M] = [0x48, 0x68, 0x4d, 0x6d];
const [SPACE, LINE_FEED, ZERO, NINE] = [0x20, 0x0a, 0x30, 0x39];
const LINE_END_BYTES = 2;
/** No number of the protocol has more digits. */
const MOST_DIGITS = 15;
/** What came of something longer than this is not kept here until the rest comes. */
const MOST_KEPT_BYTES = 64 * 1024;

/** The rest of it has not come. */
const INCOMPLETE = -1;
/** No message, or none as a server writes it. */
const OTHER = -2;

/**
 * The client's own parser, with a shorter way for what nearly everything is: a message that is there as a whole, whose line is read
 * once, without a view of its bytes for each word. All else, and whatever is odd, is left to the parser below, so that it means the same.
 */
export class QuickParser extends Parser {
  #rest: Uint8Array | undefined;

  override parse(chunk: Uint8Array): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    for (let at = 0; at < bytes.length;) {
      if (this.state !== State.OP_START) {
        at = this.#slowly(bytes, at, at + this.#missing());
        continue;
      }
      const next = this.#message(bytes, at);
      if (next >= 0) {
        at = next;
        continue;
      }
      const lineEnd = bytes.indexOf(LINE_FEED, at);
      const isWhole = next === OTHER && lineEnd >= 0;
      if (!isWhole && bytes.length - at <= MOST_KEPT_BYTES) {
        this.#rest = bytes.subarray(at);
        return;
      }
      at = this.#slowly(bytes, at, isWhole ? lineEnd + 1 : bytes.length);
    }
  }

  #slowly(bytes: Uint8Array, from: number, to: number): number {
    const end = Math.min(to, bytes.length);
    super.parse(bytes.subarray(from, end));
    return end;
  }

  /** What is still to come of a message that the parser below is in the middle of. */
  #missing(): number {
    if (this.state !== State.MSG_PAYLOAD || this.msgBuf === undefined) return Number.POSITIVE_INFINITY;
    return this.ma.size - this.msgBuf.length + LINE_END_BYTES;
  }

  /**
   * Takes the message that begins here, and says where it ends:
   * `MSG <subject> <sid> [reply] <size>` or `HMSG <subject> <sid> [reply] <header size> <size>`, and the bytes on the next line.
   */
  #message(bytes: Uint8Array, at: number): number {
    const letter = bytes[at];
    const hasHeaders = letter === H || letter === LOWER_H;
    if (!hasHeaders && letter !== M && letter !== LOWER_M) return OTHER;
    const subjectAt = at + (hasHeaders ? 5 : 4);
    let lineEnd = subjectAt;
    let words = 1;
    let [second, third, fourth, fifth] = [0, 0, 0, 0];
    for (; ; lineEnd += 1) {
      if (lineEnd >= bytes.length) return INCOMPLETE;
      const byte = bytes[lineEnd];
      if (byte === LINE_FEED) break;
      if (byte !== SPACE) continue;
      words += 1;
      if (words === 2) second = lineEnd + 1;
      else if (words === 3) third = lineEnd + 1;
      else if (words === 4) fourth = lineEnd + 1;
      else fifth = lineEnd + 1;
    }
    const least = hasHeaders ? 4 : 3;
    if (bytes[subjectAt - 1] !== SPACE || second === subjectAt + 1 || (words !== least && words !== least + 1))
      return OTHER;
    const hasReply = words > least;
    const sizesAt = hasReply ? fourth : third;
    const last = hasHeaders ? (hasReply ? fifth : fourth) : sizesAt;
    const sid = numberIn(bytes, second, third - 1);
    const hdr = hasHeaders ? numberIn(bytes, sizesAt, last - 1) : -1;
    const size = numberIn(bytes, last, lineEnd - 1);
    if (sid < 0 || size < 0 || hdr > size || (hasHeaders && hdr < 0)) return OTHER;
    const from = lineEnd + 1;
    const to = from + size;
    if (to + LINE_END_BYTES > bytes.length) return INCOMPLETE;
    const msg = new Line(bytes, subjectAt, second - 1, hasReply ? third : 0, fourth - 1, sid, hdr, size);
    this.dispatcher.push({ kind: Kind.MSG, msg, data: bytes.subarray(from, to) });
    return to + LINE_END_BYTES;
  }
}

/** The line of a message. Of most nobody asks for the reply, so that views of its words are made when they are asked for. */
class Line implements MsgArg {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly subjectAt: number,
    private readonly subjectEnd: number,
    private readonly replyAt: number,
    private readonly replyEnd: number,
    readonly sid: number,
    readonly hdr: number,
    readonly size: number,
  ) {}

  get subject(): Uint8Array {
    return this.bytes.subarray(this.subjectAt, this.subjectEnd);
  }

  /** Undefined where there is none, as in the client's own. */
  get reply(): Uint8Array {
    return (this.replyAt === 0 ? undefined : this.bytes.subarray(this.replyAt, this.replyEnd)) as Uint8Array;
  }
}

/** A whole number in ASCII digits; -1 for anything else. */
function numberIn(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > MOST_DIGITS) return -1;
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = bytes[at] ?? 0;
    if (digit < ZERO || digit > NINE) return -1;
    number = number * 10 + (digit - ZERO);
  }
  return number;
}

/** Lets a connection read with it, from the next bytes on. To be done again after it was made anew, which makes a parser too. */
export function readQuickly(connection: NatsConnection): void {
  if (!(connection instanceof NatsConnectionImpl)) return;
  const { protocol } = connection;
  const { parser } = protocol;
  if (!(parser instanceof QuickParser)) protocol.parser = Object.assign(new QuickParser(protocol), parser);
}
