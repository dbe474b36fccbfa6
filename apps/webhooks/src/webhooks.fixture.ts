import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type Bus, connectBus, webhookSecret, webhookSignature } from '@muster/bus';
import { type Caller, type Fact, factFamilies, streamOf, type WebhookEvent } from '@muster/contracts';
import { type RunningService, startService } from '@muster/service';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { webhooks } from './webhooks.js';

export const manager: Caller = {
  actor: { kind: 'account', id: randomUUID(), name: 'Ada' },
  permissions: ['integrations:manage'],
  commandId: randomUUID(),
  correlationId: randomUUID(),
};

const meta = { actor: manager.actor, commandId: randomUUID(), correlationId: randomUUID() };

/** Postgres, NATS, and the registry's part of it: facts on the bus. */
export class Stage {
  readonly secret = randomBytes(32).toString('base64url');
  #fleet = 0;
  #access = 0;
  readonly #services: RunningService[] = [];
  readonly #children: ChildProcess[] = [];

  private constructor(
    readonly nats: TestNats,
    readonly database: TestDatabase,
    readonly bus: Bus,
  ) {}

  static async open(): Promise<Stage> {
    const [nats, database] = await Promise.all([testNats(), testDatabase()]);
    const bus = await connectBus({ servers: nats.url, name: 'stage' });
    await bus.assertStreams();
    return new Stage(nats, database, bus);
  }

  env(more: Record<string, string> = {}): Record<string, string> {
    return {
      ...{ NATS_URL: this.nats.url, DATABASE_URL: this.database.url, MUSTER_SECRET: this.secret },
      ...{ MUSTER_WEBHOOKS_LOOPBACK: 'on', PORT: '0', ...more },
    };
  }

  async start(more: Record<string, string> = {}): Promise<RunningService> {
    const logTo = new Writable({ write: (_line, _encoding, done) => done() });
    const service = await startService(webhooks, {
      env: this.env(more),
      logTo: logTo as Writable & { write(line: string): void },
    });
    this.#services.push(service);
    return service;
  }

  /** The service as a process of its own. */
  spawned(): ChildProcess {
    const project = join(import.meta.dirname, '..');
    const tsc = join(project, '../../node_modules/typescript/bin/tsc');
    const built = spawnSync(process.execPath, [tsc, '-b', join(project, 'tsconfig.lib.json')], { encoding: 'utf8' });
    if (built.status !== 0) throw new Error(`The sending of webhooks does not compile:\n${built.stdout}`);
    const main = join(project, 'dist/main.js');
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], ...this.env() },
      stdio: 'ignore',
    });
    this.#children.push(child);
    return child;
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const service of this.#services) await service.stop();
    await this.bus.close();
    await this.nats.stop();
    await this.database.drop();
  }

  /** Facts about nodes, in turn one of these. Returns their ids. */
  async tellNodes(count: number, nodes: readonly string[] = [randomUUID()]): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const nodeId = nodes[n % nodes.length] ?? '';
      this.#fleet += 1;
      const fact = await this.#publish(streamOf(factFamilies.node, nodeId), 1_000_000 + this.#fleet, {
        type: 'NodeActivated',
        data: { nodeId, at: new Date().toISOString() },
      });
      ids.push(fact.id);
    }
    return ids;
  }

  async tellWebhook(event: WebhookEvent): Promise<void> {
    this.#access += 1;
    await this.#publish(streamOf(factFamilies.webhook, event.data.webhookId), this.#access, event);
  }

  /** A webhook that sends FLEET from the beginning, unless told otherwise. */
  async make(
    url: string,
    more: Partial<Extract<WebhookEvent, { type: 'WebhookCreated' }>['data']> = {},
  ): Promise<string> {
    const webhookId = randomUUID();
    await this.tellWebhook({
      type: 'WebhookCreated',
      data: {
        ...{ webhookId, name: 'Desk', url, streams: ['FLEET'], types: [], from: '0', at: new Date().toISOString() },
        ...more,
      },
    });
    return webhookId;
  }

  async #publish(stream: string, position: number, event: { type: string; data: object }): Promise<Fact> {
    const fact: Fact = {
      ...event,
      ...{ id: randomUUID(), stream, version: position, position, at: new Date().toISOString(), meta },
    };
    const { lastId } = await this.bus.tail(stream.startsWith('node') ? 'FLEET' : 'ACCESS');
    await this.bus.publishFact(fact, { after: lastId });
    return fact;
  }
}

export interface Received {
  readonly id: string;
  readonly type: string;
  readonly about: string;
  /** Whether one of its signatures is right. */
  readonly isSigned: boolean;
  readonly headers: IncomingMessage['headers'];
}

type Answer = (received: Received, response: ServerResponse) => void;

/** A receiver as somebody would write one: it checks the signature and answers as the test says. */
export class Receiver {
  readonly calls: Received[] = [];
  /** Those that were answered with 204. */
  readonly taken: Received[] = [];
  answer: Answer = (_, response) => void response.writeHead(204).end();

  private constructor(
    readonly url: string,
    private readonly server: Server,
  ) {}

  static async open(secretOf: () => string): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = new Receiver(`http://127.0.0.1:${port}/muster`, server);
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const {
          'webhook-id': messageId,
          'webhook-timestamp': seconds,
          'webhook-signature': signature,
        } = request.headers;
        const wanted = webhookSignature(secretOf(), {
          messageId: String(messageId),
          seconds: Number(seconds),
          body,
        });
        const { id, type, subject: about } = JSON.parse(body) as { id: string; type: string; subject: string };
        const isSigned = String(signature).split(' ').includes(wanted);
        const received = { id, type, about, isSigned, headers: request.headers };
        receiver.calls.push(received);
        response.once('finish', () => {
          if (response.statusCode === 204) receiver.taken.push(received);
        });
        receiver.answer(received, response);
      });
    });
    return receiver;
  }

  get ids(): string[] {
    return this.taken.map(({ id }) => id);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export const secretFor =
  (stage: Stage, webhookId: () => string, version = 1): (() => string) =>
  () =>
    webhookSecret(stage.secret, webhookId(), version);

export const within30 = { withinMs: 30_000 };
export { until };
