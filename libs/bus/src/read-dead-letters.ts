import { DeadLetterMessage, deadLetters } from '@muster/contracts';
import type { StoredMsg } from '@nats-io/jetstream';
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

/** The dead letters among the newest `most` messages, newest first. What lies there and is none is passed over. Throws an Outage. */
export async function readDeadLetters(connection: Connection, streams: Streams, most: number): Promise<KeptLetter[]> {
  try {
    connection.needUp();
    const { state } = await streams.ensure(deadLetters.name);
    const first = Math.max(state.first_seq, state.last_seq - most + 1);
    const places = Array.from({ length: state.messages === 0 ? 0 : state.last_seq - first + 1 }, (_, at) => first + at);
    const messages = await Promise.all(
      places.reverse().map((seq) => connection.jsm.streams.getMessage(deadLetters.name, { seq })),
    );
    return messages.flatMap((message) => (message === null ? [] : lettersIn(message)));
  } catch (error) {
    throw asOutage(error, 'The dead letters could not be read');
  }
}

function lettersIn(message: StoredMsg): KeptLetter[] {
  const letter = DeadLetterMessage.safeParse(parsed(message.string()));
  const reader = message.subject.slice(message.subject.lastIndexOf('.') + 1);
  if (!letter.success) return [];
  const { subject, body, failures, reason } = letter.data;
  return [{ reader, subject, body, failures, reason, at: message.timestamp }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
