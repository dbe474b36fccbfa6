import { Outage } from '@muster/contracts';
import { type Msg, type MsgHdrs, type Subscription } from '@nats-io/transport-node';
import type { Connection } from './connection.js';
import { Unanswered } from './unanswered.js';

/** What JetStream said to a message: it is stored (now or before), or refused with this code. */
export type StoreAnswer = { readonly stored: true } | { readonly stored: false; readonly code: number };

/** The code for a subject that no stream has: nobody answers, as HTTP's 503 in the header of an empty message. */
export const NO_SUCH_STREAM = 503;

/** The server has so long to answer, as for any call of JetStream. */
const ANSWER_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 250;

interface Waiting {
  readonly sinceMs: number;
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (error: Outage) => void;
}

/**
 * Sends messages to JetStream and hears what became of each: what the client's own `publish` does, without a request, a timer
 * and two prepared errors for every message, which cost more than the sending. All answers come on one subscription.
 */
export class Storer {
  readonly #inbox: string;
  /** How many there may be is up to whoever sends. */
  readonly #waiting = new Unanswered<Waiting>();
  #answers: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly connection: Connection) {
    this.#inbox = connection.inbox();
    connection.onState((state) => {
      if (state === 'down') this.#giveUp(() => true, 'The connection to the bus broke off');
    });
    connection.closing.addEventListener('abort', () => clearInterval(this.#timer), { once: true });
  }

  /** Rejects with an Outage when no answer comes within 2 s, or the connection breaks: then it may be stored or not. */
  store(subject: string, body: string, headers: MsgHdrs): Promise<StoreAnswer> {
    this.connection.needUp();
    this.#listen();
    return new Promise((resolve, reject) => {
      const number = this.#waiting.add({ sinceMs: performance.now(), resolve, reject });
      try {
        this.connection.nc.publish(subject, body, { headers, reply: `${this.#inbox}.${number}` });
      } catch (error) {
        this.#waiting.take(number);
        reject(new Outage('bus', 'The message could not be sent', { cause: error }));
      }
    });
  }

  #listen(): void {
    if (this.#answers !== undefined) return;
    this.#answers = this.connection.nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#heard(message);
      },
    });
    this.#timer = setInterval(() => {
      const oldMs = performance.now() - ANSWER_WITHIN_MS;
      this.#giveUp(({ sinceMs }) => sinceMs < oldMs, 'The bus did not answer in time');
    }, LOOK_EVERY_MS).unref();
  }

  #heard(message: Msg): void {
    const number = Number(message.subject.slice(this.#inbox.length + 1));
    this.#waiting.take(number)?.resolve(answerOf(message));
  }

  #giveUp(tooLong: (waiting: Waiting) => boolean, words: string): void {
    for (const { reject } of this.#waiting.takeWhile(tooLong)) reject(new Outage('bus', words));
  }
}

const ERROR_CODE = /"err_code":\s?(\d+)/;

function answerOf(message: Msg): StoreAnswer {
  if (message.data.length === 0) return { stored: false, code: message.headers?.code ?? NO_SUCH_STREAM };
  const text = message.string();
  if (!text.includes('"error"')) return { stored: true };
  return { stored: false, code: Number(ERROR_CODE.exec(text)?.[1] ?? 0) };
}
