import { type FactFamily, type StreamName, streams as factStreams } from '@muster/contracts';
import type { Connection } from './connection.js';
import { inTraceOf } from './fact-span.js';
import { type FactOf, familyOf, readFact } from './fact-message.js';
import { Follower } from './follow.js';
import type { Stoppable } from './notice.js';
import type { Streams } from './streams.js';

export interface Following extends Stoppable {
  /** Resolves when every fact that was in the streams when they were first opened has been handled. */
  readonly caughtUp: Promise<void>;
}

/**
 * Gives every fact of the families from the first one on to `handler`, one at a time, each once: for folds in memory.
 * Order holds within a stream of the bus. What cannot be read as a fact, and what the handler fails on, is told as a notice and
 * passed over, since a fold in memory has no place to park it.
 */
export function followFacts<Family extends FactFamily>(
  connection: Connection,
  streams: Streams,
  families: readonly Family[],
  handler: (fact: FactOf<Family>) => Promise<void> | void,
): Following {
  const names = [...new Set(families.map((family) => family.stream))];
  const readers = names.map((name) =>
    followStream(
      connection,
      streams,
      name,
      families.filter((family) => family.stream === name),
      handler,
    ),
  );
  return {
    caughtUp: Promise.all(readers.map((reader) => reader.caughtUp)).then(() => undefined),
    stop: async () => {
      await Promise.all(readers.map((reader) => reader.stop()));
    },
  };
}

function followStream<Family extends FactFamily>(
  connection: Connection,
  streams: Streams,
  stream: StreamName,
  families: readonly Family[],
  handler: (fact: FactOf<Family>) => Promise<void> | void,
): Following {
  let position = 0;
  /** What is read at first happened long ago: no trace waits for it. */
  let isLive = false;
  let tellCaughtUp: () => void = () => undefined;
  const caughtUp = new Promise<void>((resolve) => (tellCaughtUp = resolve));
  const [only] = families;
  // A consumer has one filter on nats-server 2.9; several families of a stream are told apart here.
  const filter = families.length === 1 && only ? `${only.prefix}.>` : factStreams[stream].subjects[0];
  const follower = new Follower(connection, streams, {
    stream,
    filter,
    from: 'first',
    caughtUp: () => {
      isLive = true;
      tellCaughtUp();
    },
    message: async (message) => {
      const family = familyOf(families, message.subject);
      if (family === undefined) return;
      let fact: FactOf<Family>;
      try {
        fact = readFact(family, message, message.json());
      } catch (error) {
        connection.notify({ notice: 'malformed', subject: message.subject, error });
        return;
      }
      // A stream that was lost and filled again repeats what was read before.
      if (fact.position <= position) return;
      position = fact.position;
      try {
        if (isLive) await inTraceOf('memory', fact, () => handler(fact));
        else await handler(fact);
      } catch (error) {
        connection.notify({ notice: 'handler-failed', subject: message.subject, error });
      }
    },
  });
  return { caughtUp, stop: () => follower.stop() };
}
