import { stat } from 'node:fs/promises';
import { say, wordsOf } from '../terminal.js';
import type { Nats } from './nats.js';
import type { Part } from './part.js';

/** Within this time a server knows of an outsider that came or went, beside what the reload itself takes. */
const LOOK_EVERY_MS = 200;
/** A configuration that could not be taken is tried again after so long. */
const AGAIN_AFTER_MS = 5_000;

/** Has nats-server reload its users whenever the registry has written others. */
export class Outsiders {
  private seen: string | undefined;
  private notBefore = 0;
  private isLooking = false;
  private told = '';
  private readonly timer: NodeJS.Timeout;

  /** The server was configured with what the file holds now, or with less: then it is reloaded once more. */
  constructor(
    private readonly nats: Pick<Nats, 'outsidersFile' | 'configure'>,
    private readonly part: Pick<Part, 'signal'>,
  ) {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    if (this.isLooking || performance.now() < this.notBefore) return;
    this.isLooking = true;
    try {
      const mark = await markOf(this.nats.outsidersFile);
      if (mark === this.seen) return;
      await this.nats.configure();
      // A server that is just starting reads the file by itself.
      this.part.signal('SIGHUP');
      this.seen = mark;
      this.told = '';
    } catch (error) {
      this.notBefore = performance.now() + AGAIN_AFTER_MS;
      const words = wordsOf(error);
      if (words !== this.told) say(`The users of outsiders could not be given to NATS: ${words}.`);
      this.told = words;
    } finally {
      this.isLooking = false;
    }
  }
}

/** Every writing makes another file, so it differs by its number or its time. */
async function markOf(file: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(file);
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return '';
  }
}
