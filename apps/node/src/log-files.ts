import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { LogLine } from '@muster/contracts';
import type { LogArchive, LogNumbering } from '@muster/node-link';
import * as z from 'zod/mini';

export interface LogFilesOptions {
  /** Names the present life of the machine: lines written before it may have been lost with its power. */
  readonly bootId: string;
  readonly newId: () => string;
  readonly monotonicMs: () => number;
  /** Why lines are not kept at the moment, or, with undefined, that they are again. */
  readonly onTrouble: (words: string | undefined) => void;
  /** 64 MiB in pieces of 4 MiB unless told otherwise. */
  readonly limitBytes?: number;
  readonly pieceBytes?: number;
}

const MIB = 1024 ** 2;
/** Every so many lines the place in the file is remembered. */
const MARK_EVERY = 256;
const READ_BYTES = 256 * 1024;
const RETRY_MS = 60_000;

/** What is known about the numbering beside the lines themselves: `numbering.json`. */
const Numbering = z.object({
  id: z.uuid(),
  bootId: z.string().check(z.maxLength(64)),
  continues: z.optional(z.object({ id: z.uuid(), upTo: z.number().check(z.int(), z.gte(0)) })),
});

/** Lines with following numbers in one file, `<first>.ndjson`. */
interface Piece {
  readonly path: string;
  readonly first: number;
  lines: number;
  bytes: number;
  /** Where line `first + n * MARK_EVERY` begins. */
  readonly marks: number[];
}

/**
 * The log of a node on its disk: the last 64 MiB, one JSON line each, in pieces of which the oldest goes first. A line is with
 * the operating system before any Gateway gets it, so the numbers hold over a kill of the process. Over a loss of power they
 * might not: then a new numbering begins, which goes on from what is there.
 *
 * A disk that takes nothing more costs the kept lines, not the running log: that is told once, and tried again each minute.
 */
export class LogFiles implements LogArchive {
  readonly numbering: LogNumbering;
  readonly #folder: string;
  readonly #options: LogFilesOptions;
  readonly #limitBytes: number;
  readonly #pieceBytes: number;
  #pieces: Piece[];
  #next: number;
  /** Open for appending: the last piece. */
  #file: number | undefined;
  /** Nothing can be kept until this moment. */
  #brokenUntilMs: number | undefined;

  /** Opens the folder, made when it is not there. A folder that can not be used gives a log that keeps nothing, and says so. */
  constructor(folder: string, options: LogFilesOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#limitBytes = options.limitBytes ?? 64 * MIB;
    this.#pieceBytes = options.pieceBytes ?? 4 * MIB;
    try {
      mkdirSync(folder, { recursive: false, mode: 0o700 });
    } catch {
      // There already, or the first line will say what is wrong.
    }
    this.#pieces = findPieces(folder);
    const last = this.#pieces.at(-1);
    this.#next = last === undefined ? 1 : last.first + last.lines;
    this.numbering = this.#takeNumbering();
  }

  get first(): number {
    return this.#pieces[0]?.first ?? this.#next;
  }

  get next(): number {
    return this.#next;
  }

  append(line: LogLine): void {
    const nowMs = this.#options.monotonicMs();
    if (this.#brokenUntilMs !== undefined && nowMs < this.#brokenUntilMs) {
      this.#next = line.seq + 1;
      return;
    }
    const wasBroken = this.#brokenUntilMs !== undefined;
    try {
      if (wasBroken) this.#startAnew(line.seq);
      this.#write(line);
      this.#brokenUntilMs = undefined;
      if (wasBroken) this.#options.onTrouble(undefined);
    } catch (error) {
      this.#giveUp(line.seq + 1);
      this.#brokenUntilMs = nowMs + RETRY_MS;
      if (!wasBroken) this.#options.onTrouble(error instanceof Error ? error.message : String(error));
    }
  }

  read(from: number, most: number): LogLine[] {
    const index = this.#pieces.findIndex(({ first, lines }) => from >= first && from < first + lines);
    const piece = this.#pieces[index];
    if (piece === undefined) return [];
    const found = readPiece(piece, from, most);
    // What can not be read any more is gone, and what lies before it with it: numbers follow one another without holes.
    if (found.length === 0) this.#forget(this.#pieces.splice(0, index + 1));
    return found;
  }

  /** Nothing more is kept after this. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(line: LogLine): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    let piece = this.#pieces.at(-1);
    if (piece === undefined || this.#file === undefined || piece.bytes + bytes.length > this.#pieceBytes) {
      piece = this.#open(piece, line.seq, bytes.length);
    }
    // A part of a line is never followed by another one: it ends in the catch of `append`.
    if (writeSync(this.#file as number, bytes) < bytes.length) throw new Error('The disk is full');
    if (piece.lines % MARK_EVERY === 0) piece.marks.push(piece.bytes);
    piece.lines += 1;
    piece.bytes += bytes.length;
    this.#next = line.seq + 1;
  }

  /** The piece to write on in: the last one while there is room, else a new one, for which the oldest make room. */
  #open(last: Piece | undefined, seq: number, bytes: number): Piece {
    this.close();
    if (last !== undefined && last.bytes + bytes <= this.#pieceBytes) {
      this.#file = openSync(last.path, 'a', 0o600);
      return last;
    }
    let kept = this.#pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    while (kept + this.#pieceBytes > this.#limitBytes && this.#pieces.length > 0) {
      const [oldest] = this.#pieces.splice(0, 1);
      kept -= oldest?.bytes ?? 0;
      if (oldest !== undefined) this.#forget([oldest]);
    }
    const piece = { path: join(this.#folder, `${seq}.ndjson`), first: seq, lines: 0, bytes: 0, marks: [] };
    this.#file = openSync(piece.path, 'w', 0o600);
    this.#pieces.push(piece);
    return piece;
  }

  /** The numbering goes on when it is sure that no line is missing at its end; else a new one goes on from what is here. */
  #takeNumbering(): LogNumbering {
    const { bootId, newId } = this.#options;
    const before = readNumbering(this.#folder);
    if (before?.bootId === bootId) return { id: before.id, continues: before.continues };
    const upTo = this.#next - 1;
    const numbering = {
      id: newId(),
      ...(before !== undefined && upTo > 0 ? { continues: { id: before.id, upTo } } : {}),
    };
    this.#saveNumbering(numbering);
    return numbering;
  }

  #saveNumbering(numbering: LogNumbering): void {
    const path = join(this.#folder, NUMBERING);
    try {
      writeFileSync(`${path}.new`, JSON.stringify({ ...numbering, bootId: this.#options.bootId }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch {
      // The lines can not be written either then, which is told.
      rmSync(path, { force: true });
    }
  }

  #startAnew(seq: number): void {
    this.#next = seq;
    this.#saveNumbering(this.numbering);
  }

  /** Lines were given out that are not on the disk: the numbering must not be taken up by the next life. */
  #giveUp(next: number): void {
    this.#next = next;
    try {
      this.close();
    } catch {
      // It is given up anyway.
    }
    this.#file = undefined;
    rmQuietly(join(this.#folder, NUMBERING));
    this.#forget(this.#pieces.splice(0));
  }

  #forget(pieces: readonly Piece[]): void {
    for (const { path } of pieces) rmQuietly(path);
  }
}

const NUMBERING = 'numbering.json';

function rmQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A folder that can not be written: there is nobody to tell that is not told already.
  }
}

function readNumbering(folder: string): z.infer<typeof Numbering> | undefined {
  try {
    return Numbering.safeParse(JSON.parse(readFileSync(join(folder, NUMBERING), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** The pieces of the folder that follow one another up to the last; what lies before a hole is removed. */
function findPieces(folder: string): Piece[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  const firsts = names.flatMap((name) => (/^[1-9]\d{0,14}\.ndjson$/.test(name) ? [Number.parseInt(name, 10)] : []));
  const found: Piece[] = [];
  for (const first of firsts.sort((a, b) => b - a)) {
    const path = join(folder, `${first}.ndjson`);
    const after = found[0];
    const piece = measured(path, first);
    if (piece === undefined || (after !== undefined && first + piece.lines !== after.first)) rmQuietly(path);
    else if (piece.lines > 0) found.unshift(piece);
    else rmQuietly(path);
  }
  return found;
}

/** Counts the lines of a piece and cuts off the last one when it is not whole. */
function measured(path: string, first: number): Piece | undefined {
  try {
    const file = openSync(path, 'r+');
    try {
      const piece: Piece = { path, first, lines: 0, bytes: 0, marks: [] };
      const chunk = Buffer.alloc(READ_BYTES);
      const { size } = fstatSync(file);
      for (let read = 0; read < size;) {
        const got = readSync(file, chunk, 0, chunk.length, read);
        if (got === 0) break;
        for (let at = chunk.indexOf(10); at !== -1 && at < got; at = chunk.indexOf(10, at + 1)) {
          if (piece.lines % MARK_EVERY === 0) piece.marks.push(piece.bytes);
          piece.lines += 1;
          piece.bytes = read + at + 1;
        }
        read += got;
      }
      if (piece.bytes < size) ftruncateSync(file, piece.bytes);
      return piece;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** The lines of a piece from number `from` on, as far as one read of it goes; none when they are not what they should be. */
function readPiece({ path, first, marks }: Piece, from: number, most: number): LogLine[] {
  try {
    const file = openSync(path, 'r');
    try {
      const mark = Math.floor((from - first) / MARK_EVERY);
      const skipped = from - first - mark * MARK_EVERY;
      let bytes = Buffer.alloc(READ_BYTES);
      let at = marks[mark] ?? 0;
      const lines: LogLine[] = [];
      let line = 0;
      // A mark covers 256 lines of up to 50 kB each once escaped: several reads may pass before the first line that is wanted.
      for (let carried = Buffer.alloc(0); lines.length < most;) {
        const got = readSync(file, bytes, 0, bytes.length, at);
        if (got === 0) break;
        at += got;
        const text = Buffer.concat([carried, bytes.subarray(0, got)]);
        let start = 0;
        for (let end = text.indexOf(10); end !== -1 && lines.length < most; end = text.indexOf(10, start)) {
          if (line >= skipped) {
            const parsed = LogLine.safeParse(JSON.parse(text.toString('utf8', start, end)));
            if (!parsed.success || parsed.data.seq !== first + mark * MARK_EVERY + line) return lines;
            lines.push(parsed.data);
          }
          line += 1;
          start = end + 1;
        }
        if (lines.length > 0) break;
        carried = Buffer.from(text.subarray(start));
        bytes = Buffer.alloc(READ_BYTES);
      }
      return lines;
    } finally {
      closeSync(file);
    }
  } catch {
    return [];
  }
}
