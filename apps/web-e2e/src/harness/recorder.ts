import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

/** One message as it went over the bus. */
export interface Recorded {
  readonly subject: string;
  /** As they were written, in this letter case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Where an answer goes. */
  readonly reply: string | undefined;
}

/** What NATS and JetStream say to themselves, and acknowledgements: no part of the bus. */
const NOT_OURS = /^\$(?!KV\.)|^_/;
/** So many messages are kept at most; a test that makes more is told so. */
const MOST = 200_000;

/** Hears everything that goes over a bus, answers included, from when it is made until it is stopped. */
export class Recorder {
  readonly messages: Recorded[] = [];
  /** Answers by the reply subject that they came on. */
  readonly answers: Recorded[] = [];

  /** Why it may have missed something. */
  readonly errors: Error[] = [];

  private constructor(private readonly nc: NatsConnection) {
    nc.subscribe('>', {
      callback: (error, message) => {
        if (error !== null) return void this.errors.push(error);
        if (this.messages.length + this.answers.length > MOST) throw new Error(`More than ${MOST} messages`);
        const { subject, reply } = message;
        const recorded = {
          subject,
          headers: plain(message.headers),
          body: message.string(),
          reply: reply === '' ? undefined : reply,
        };
        if (!NOT_OURS.test(subject)) this.messages.push(recorded);
        else if (subject.startsWith('_INBOX')) this.answers.push(recorded);
      },
    });
  }

  static async start(bus: { servers: string; user: string; pass: string }): Promise<Recorder> {
    const nc = await connect({ ...bus, name: 'recorder', maxReconnectAttempts: -1 });
    const recorder = new Recorder(nc);
    await nc.flush();
    return recorder;
  }

  /** Every message that lies in a stream or a bucket, those from before the recording began too. */
  async stored(): Promise<Recorded[]> {
    const manager = await jetstreamManager(this.nc);
    const found: Recorded[] = [];
    for await (const { config, state } of manager.streams.list())
      for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
        const message = await manager.streams.getMessage(config.name, { seq });
        if (message === null) continue;
        const { subject, header } = message;
        found.push({ subject, headers: plain(header), body: message.string(), reply: undefined });
      }
    return found;
  }

  /** Says something on the bus itself. */
  say(subject: string, body: string): void {
    this.nc.publish(subject, body);
  }

  async stop(): Promise<void> {
    await this.nc.close();
  }
}

function plain(headers: MsgHdrs | undefined): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, values] of headers ?? []) read[name] = values[0] ?? '';
  return read;
}
