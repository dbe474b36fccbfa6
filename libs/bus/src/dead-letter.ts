import { type DeadLetterMessage, deadLetters } from '@muster/contracts';
import type { Msg } from '@nats-io/transport-node';
import type { Connection } from './connection.js';
import type { WithHeaders } from './fact-message.js';
import type { Streams } from './streams.js';

/** A fact that could not be taken: what came, and the last error. */
export interface DeadLetter {
  readonly durable: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly failures: number;
  readonly error: unknown;
}

/** Puts the fact where somebody finds it. False, with a notice, when that failed too. */
export async function bury(
  connection: Connection,
  message: Pick<Msg, 'subject' | 'string'> & WithHeaders,
  {
    durable,
    deadLetter,
    error,
    failures,
  }: {
    durable: string;
    deadLetter: (letter: DeadLetter) => Promise<void>;
    error: unknown;
    failures: number;
  },
): Promise<boolean> {
  const headers: Record<string, string> = {};
  for (const [name, values] of message.headers ?? []) headers[name] = values[0] ?? '';
  const { subject } = message;
  try {
    await deadLetter({ durable, subject, headers, body: message.string(), failures, error });
  } catch (failed) {
    connection.notify({ notice: 'handler-failed', subject: `dead letter of ${durable}`, error: failed });
    return false;
  }
  const correlationId = headers['ce-correlationid'] ?? '';
  connection.notify({ notice: 'dead-letter', durable, subject, error, correlationId });
  return true;
}

/** Keeps dead letters in the stream DEAD_LETTERS: the place for those that nobody else keeps. */
export const toDeadLetters =
  (connection: Connection, streams: Streams) =>
  async ({ durable, subject, headers, body, failures, error }: DeadLetter): Promise<void> => {
    await streams.ensure(deadLetters.name);
    const reason = error instanceof Error ? error.message : String(error);
    const letter: DeadLetterMessage = { subject, headers, body, failures, reason };
    await connection.js.publish(deadLetters.subjects[0].replace('*', durable), JSON.stringify(letter), {
      expect: { streamName: deadLetters.name },
    });
  };
