import { Outage } from '@muster/contracts';
import * as z from 'zod/mini';
import { within } from './backoff.js';
import { type BusOptions, Connection } from './connection.js';

/** A client's connection to nats-server, as the server tells it. */
export interface ServerConnection {
  readonly user: string;
  readonly address: string;
  /** What the client calls itself, and its library: `desk, nats.js 3.4.0`. */
  readonly client: string;
  readonly since: string;
  /** What the server holds for it, since it does not take it. */
  readonly pendingBytes: number;
  readonly subscriptions: number;
}

/** A connection that the server has ended by itself, or did not let in. */
export interface LetGo {
  readonly user: string;
  readonly address: string;
  /** In the server's words: `Slow Consumer (Write Deadline)`. */
  readonly reason: string;
  readonly at: string;
}

const Connz = z.object({
  data: z.object({
    total: z.number(),
    connections: z.optional(
      z.array(
        z.object({
          ip: z.optional(z.string()),
          port: z.optional(z.number()),
          start: z.string(),
          pending_bytes: z.optional(z.number()),
          subscriptions: z.optional(z.number()),
          name: z.optional(z.string()),
          lang: z.optional(z.string()),
          version: z.optional(z.string()),
          authorized_user: z.optional(z.string()),
        }),
      ),
    ),
  }),
});

const Ended = z.object({
  timestamp: z.string(),
  reason: z.optional(z.string()),
  client: z.object({ user: z.optional(z.string()), host: z.optional(z.string()) }),
});

/** One server answers with so many connections at most; more are asked for in further parts, up to `MOST_PARTS`. */
const PART = 1_024;
const MOST_PARTS = 8;
/** All servers of a cluster have answered when none has for so long. */
const STALLED_MS = 250;
const ANSWER_WITHIN_MS = 2_000;
const ACCOUNT = 'MUSTER';

/** How a connection ends when its client wants it so. */
const ORDERLY = new Set(['Client Closed', 'Server Shutdown', '']);

/** Asks nats-server itself, as a user of its system account, who is connected. */
export class ServerWatch {
  private constructor(private readonly connection: Connection) {}

  /** Rejects with an Outage when no server answers, or the user is not let in. */
  static async open(options: BusOptions): Promise<ServerWatch> {
    return new ServerWatch(await Connection.open(options));
  }

  /** Everybody who is connected as a user whose name begins with `prefix`. Throws an Outage. */
  async connections(prefix: string): Promise<ServerConnection[]> {
    this.connection.needUp();
    const found: ServerConnection[] = [];
    for (let part = 0; part < MOST_PARTS; part += 1) {
      // Not by account: 2.9.10 goes on listing connections there that a reload has closed.
      const answers = await this.#ping({ auth: true, limit: PART, offset: part * PART });
      for (const { data } of answers)
        for (const each of data.connections ?? [])
          if (each.authorized_user?.startsWith(prefix))
            found.push({
              user: each.authorized_user,
              address: `${each.ip ?? ''}:${each.port ?? ''}`,
              client: [each.name, [each.lang, each.version].filter(Boolean).join(' ')].filter(Boolean).join(', '),
              since: each.start,
              pendingBytes: each.pending_bytes ?? 0,
              subscriptions: each.subscriptions ?? 0,
            });
      if (answers.every(({ data }) => data.total <= (part + 1) * PART)) break;
    }
    return found;
  }

  /** Calls when such a user came, and when the server has let one go or not let one in. */
  follow(prefix: string, handlers: { onCame: () => void; onLetGo: (letGo: LetGo) => void }): void {
    const ended = (data: unknown): void => {
      const event = Ended.safeParse(data);
      if (!event.success || !event.data.client.user?.startsWith(prefix)) return;
      const { timestamp: at, reason = '', client } = event.data;
      if (!ORDERLY.has(reason)) handlers.onLetGo({ user: client.user ?? '', address: client.host ?? '', reason, at });
    };
    this.#on(`$SYS.ACCOUNT.${ACCOUNT}.DISCONNECT`, ended);
    this.#on('$SYS.SERVER.*.CLIENT.AUTH.ERR', ended);
    this.#on(`$SYS.ACCOUNT.${ACCOUNT}.CONNECT`, (data) => {
      const event = Ended.safeParse(data);
      if (event.success && event.data.client.user?.startsWith(prefix)) handlers.onCame();
    });
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  #on(subject: string, handler: (data: unknown) => void): void {
    this.connection.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        try {
          handler(message.json());
        } catch {
          // What the server says in another shape than today tells nothing.
        }
      },
    });
  }

  async #ping(request: object): Promise<z.infer<typeof Connz>[]> {
    const answers: z.infer<typeof Connz>[] = [];
    try {
      const messages = await this.connection.nc.requestMany('$SYS.REQ.SERVER.PING.CONNZ', JSON.stringify(request), {
        strategy: 'stall',
        stall: STALLED_MS,
        maxWait: ANSWER_WITHIN_MS,
      });
      await within(
        2 * ANSWER_WITHIN_MS,
        (async () => {
          for await (const message of messages) {
            const parsed = Connz.safeParse(message.json());
            if (parsed.success) answers.push(parsed.data);
          }
        })(),
      );
    } catch (cause) {
      throw new Outage('bus', 'The NATS server did not say who is connected', { cause });
    }
    if (answers.length === 0) throw new Outage('bus', 'The NATS server did not say who is connected');
    return answers;
  }
}
