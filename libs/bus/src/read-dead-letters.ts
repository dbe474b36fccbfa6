import { deadLetters } from '@muster/contracts';
import * as z from 'zod/mini';
import type { Connection } from './connection.js';
import { asOutage } from './publish.js';
import type { Streams } from './streams.js';

/** A fact that a reader gave up, as it lies in the stream DEAD_LETTERS. */
export interface KeptLetter {
  /** The durable or the name of the reader. */
  readonly reader: string;
  readonly subject: string;
  readonly body: string;
  readonly failures: number;
  readonly reason: string;
  readonly at: string;
}

const Letter = z.object({ subject: z.string(), body: z.string(), failures: z.number(), reason: z.string() });

/** The newest dead letters, newest first. What lies there and is none is passed over. Throws an Outage. */
export async function readDeadLetters(connection: Connection, streams: Streams, most: number): Promise<KeptLetter[]> {
  try {
    connection.needUp();
    const { state } = await streams.ensure(deadLetters.name);
    const letters: KeptLetter[] = [];
    for (let seq = state.last_seq; seq >= state.first_seq && seq > 0 && letters.length < most; seq -= 1) {
      const message = await connection.jsm.streams.getMessage(deadLetters.name, { seq });
      if (message === null) continue;
      const letter = Letter.safeParse(parsed(message.string()));
      const reader = message.subject.slice(message.subject.lastIndexOf('.') + 1);
      if (letter.success) letters.push({ reader, ...letter.data, at: message.timestamp });
    }
    return letters;
  } catch (error) {
    throw asOutage(error, 'The dead letters could not be read');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
