import { CloudEventHeaders, type Fact, familyOfStream, Outage, type StreamName, toCloudEvent } from '@muster/contracts';
import { JetStreamApiCodes, type StoredMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { beginSpan } from '@muster/tracing';
import type { Connection } from './connection.js';
import { type Tail, TailMismatch } from './notice.js';
import { NO_SUCH_STREAM, Storer } from './storer.js';
import { StreamDrift, type Streams } from './streams.js';

/** The server's code for a last message with another id than expected. */
const WRONG_LAST_ID = 10_070;

interface End extends Tail {
  readonly lastSequence: number;
}

/** How the stream has to end before the fact is stored. */
type Expected = { readonly lastMsgID: string } | { readonly lastSequence: number };

/** The publishing side of the facts' lane. One writer a stream, in order, each fact after the one before it. */
export class Publisher {
  readonly #storer: Storer;

  constructor(
    private readonly connection: Connection,
    private readonly streams: Streams,
  ) {
    this.#storer = new Storer(connection);
  }

  /**
   * Publishes a fact after the one whose id is `after` (undefined: as the first). When it resolves, the fact is in the
   * stream exactly once, also when an earlier try had arrived. Throws TailMismatch when another fact, or none, is last
   * there, and an Outage when the server gives no word: then the same call may be repeated as it is.
   */
  async publish(fact: Fact, after: string | undefined): Promise<void> {
    const { traceparent } = fact.meta;
    if (traceparent === undefined) return this.#publish(fact, after);
    const span = beginSpan(`publish ${fact.type}`, 'producer', { from: { traceparent } });
    try {
      await this.#publish(fact, after);
    } catch (error) {
      span?.failed(error);
      throw error;
    } finally {
      span?.end();
    }
  }

  async #publish(fact: Fact, after: string | undefined): Promise<void> {
    const { stream } = familyOfStream(fact.stream);
    const expected = after === undefined ? { lastSequence: 0 } : { lastMsgID: after };
    if (await this.#store(fact, stream, expected)) return;
    // The server forgets the id of a stream's last message when it starts anew and that message is older than the window
    // for duplicates; it also drops the repeat of a fact only inside that window. So the stream itself is asked.
    const end = await this.#end(stream);
    if (end.lastId === fact.id) return;
    if (end.lastId === after && (await this.#store(fact, stream, { lastSequence: end.lastSequence }))) return;
    throw new TailMismatch(stream, after, end.lastId);
  }

  async tail(stream: StreamName): Promise<Tail> {
    const { lastId, lastPosition, messages } = await this.#end(stream);
    return { lastId, lastPosition, messages };
  }

  /** False when the stream's end is not as expected. */
  async #store(fact: Fact, stream: StreamName, expect: Expected): Promise<boolean> {
    const { subject, headers: attributes, body } = toCloudEvent(fact);
    const written = headers();
    for (const name in attributes) {
      const value = attributes[name as keyof CloudEventHeaders];
      if (value !== undefined) written.set(name, value);
    }
    written.set('Nats-Msg-Id', fact.id);
    written.set('Nats-Expected-Stream', stream);
    if ('lastMsgID' in expect) written.set('Nats-Expected-Last-Msg-Id', expect.lastMsgID);
    else written.set('Nats-Expected-Last-Sequence', String(expect.lastSequence));
    let answer = await this.#storer.store(subject, body, written);
    if (!answer.stored && answer.code === NO_SUCH_STREAM) {
      // It was lost, so it is made again.
      await this.streams.ensure(stream).catch((error: unknown) => {
        throw asOutage(error, `The fact was not taken into ${stream}`);
      });
      answer = await this.#storer.store(subject, body, written);
    }
    if (answer.stored) return true;
    if (answer.code === WRONG_LAST_ID || answer.code === Number(JetStreamApiCodes.StreamWrongLastSequence))
      return false;
    throw new Outage('bus', `The fact was not taken into ${stream}: the bus refused it with code ${answer.code}`);
  }

  async #end(stream: StreamName): Promise<End> {
    try {
      this.connection.needUp();
      const { state } = await this.streams.ensure(stream);
      const nothing = { lastId: undefined, lastPosition: 0, messages: state.messages, lastSequence: state.last_seq };
      if (state.messages === 0) return nothing;
      const last = await this.connection.jsm.streams.getMessage(stream, { seq: state.last_seq });
      return last === null ? nothing : { ...nothing, ...identify(last) };
    } catch (error) {
      throw asOutage(error, `The end of ${stream} could not be read`);
    }
  }
}

function identify(message: StoredMsg): { lastId: string; lastPosition: number } {
  const read = (name: keyof CloudEventHeaders) => message.header.get(name);
  const head = CloudEventHeaders.safeParse({
    ...Object.fromEntries(message.header.keys().map((name) => [name.toLowerCase(), message.header.get(name)])),
  });
  if (!head.success) throw new Error(`The last message of the stream is no fact: ${read('ce-id') || 'without an id'}`);
  return { lastId: head.data['ce-id'], lastPosition: Number(head.data['ce-position']) };
}

/** Whatever JetStream did not do is an outage of the bus, except what trying again can not mend. */
export function asOutage(error: unknown, message: string): Error {
  if (error instanceof Outage || error instanceof StreamDrift) return error;
  return new Outage('bus', message, { cause: error });
}
