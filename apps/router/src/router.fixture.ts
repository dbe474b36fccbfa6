import { hash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type Bus, connectBus, seal } from '@muster/bus';
import {
  type ApiKeyEvent,
  type AccountEvent,
  Executor,
  type Fact,
  fromRequestMessage,
  type KeyLimits,
  type NodeEvent,
  NodeState,
  type RequestEvent,
  type RequestFinished,
  type Link,
} from '@muster/contracts';
import { type RunningService, startService } from '@muster/service';
import { type Script, ScriptedNode, type TestNats, testNats, testRunFolder, until } from '@muster/testing';
import { connect } from '@nats-io/transport-node';
import * as z from 'zod/mini';
import { routerService } from './router.js';

const at = '2026-11-23T12:00:00.000Z';

export interface ServedModel {
  readonly model?: string;
  readonly slots?: number;
  readonly kind?: 'chat' | 'embedding';
  readonly state?: Executor['state'];
  readonly asleep?: boolean;
}

/** A node of the test's world: what listens, and what the bus says of it. */
export interface WorldNode {
  readonly nodeId: string;
  readonly scripted: ScriptedNode;
  /** Tells another state of it. */
  tell(change: { link?: Link; executors?: readonly ServedModel[]; ticket?: string }): Promise<void>;
}

/**
 * A router on a real NATS, and around it what registry, monitor and nodes would say: facts, states and scripted nodes. The key
 * `key` may do everything.
 */
export class World {
  readonly secret = randomBytes(32).toString('base64url');
  readonly ownerId = randomUUID();
  readonly told: RequestEvent[] = [];
  /** Message ids in the order in which they came. */
  readonly toldIds: string[] = [];
  log = '';
  key = '';
  router!: RunningService;
  readonly #nodes: ScriptedNode[] = [];
  readonly #last = new Map<string, { id: string; position: number }>();
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(
    readonly nats: TestNats,
    readonly bus: Bus,
    readonly folder: string,
  ) {}

  static async open(env: Record<string, string> = {}): Promise<World> {
    const nats = await testNats();
    const bus = await connectBus({ servers: nats.url, name: 'world' });
    await bus.assertStreams();
    const folder = await mkdtemp(join(testRunFolder(), 'router-'));
    const world = new World(nats, bus, folder);
    await world.#account();
    ({ key: world.key } = await world.addKey());
    await world.startRouter(env);
    await world.#listen();
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${this.router.port}`;
  }

  async startRouter(env: Record<string, string> = {}, port = 0): Promise<void> {
    this.router = await startService(routerService(), {
      env: {
        NATS_URL: this.nats.url,
        PORT: String(port),
        MUSTER_SECRET: this.secret,
        MUSTER_ROUTER_DATA: this.folder,
        ...env,
      },
      logTo: new Writable({
        write: (line: Buffer, _encoding, done) => {
          this.log += line.toString();
          done();
        },
      }),
      finishMs: 500,
    });
  }

  async close(): Promise<void> {
    await this.router.stop();
    for (const end of this.#ends) await end();
    await Promise.all(this.#nodes.map((node) => node.kill()));
    await this.bus.close({ finishMs: 100 });
    await this.nats.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Registers a node that serves these models, and waits until the router knows of it. */
  async addNode(
    name: string,
    models: readonly ServedModel[] = [{}],
    script?: Script,
    link: Link = { phase: 'up', since: at, frames: 'in-time' },
  ): Promise<WorldNode> {
    const scripted = await ScriptedNode.start(script === undefined ? {} : { script });
    this.#nodes.push(scripted);
    const nodeId = randomUUID();
    const { host, port, certificate } = scripted;
    await this.#fact(`node-${nodeId}`, {
      type: 'NodeRegistered',
      data: { nodeId, name, host, port, found: 'by-hand', at },
    });
    await this.#fact(`node-${nodeId}`, { type: 'NodeCertificatePinned', data: { nodeId, certificate, at } });
    await this.#fact(`node-${nodeId}`, { type: 'NodeActivated', data: { nodeId, at } });
    const state = { link, executors: models, ticket: scripted.ticket };
    const tell: WorldNode['tell'] = async (change) => {
      Object.assign(state, change);
      await this.bus.bucket('NODES', NodeState).put(nodeId, {
        nodeId,
        monitorId: 'monitor',
        token: 1,
        status: { colour: 'green', reason: 'healthy', words: '', clears: '', since: at },
        link: state.link,
        executors: state.executors.map(executorOf),
        ticket: seal(this.secret, state.ticket),
      });
    };
    await tell({});
    await this.knows(models.map(({ model = 'tiny' }) => model));
    return { nodeId, scripted, tell };
  }

  /** Waits until the router lists these models as ready, or as what else is expected of them. */
  async knows(models: readonly string[]): Promise<void> {
    await until(
      async () => {
        const answer = await fetch(`${this.url}/v1/models`, { headers: { authorization: `Bearer ${this.key}` } });
        const { data } = (await answer.json()) as { data?: { id: string }[] };
        return models.every((model) => data?.some(({ id }) => id === model));
      },
      undefined,
      { withinMs: 15_000 },
    );
  }

  async addKey(
    more: {
      models?: string[];
      limits?: KeyLimits;
      expiresAt?: string;
      permissions?: ('inference' | 'fleet:read')[];
    } = {},
  ): Promise<{ key: string; keyId: string }> {
    const key = `msk_${randomBytes(32).toString('base64url')}`;
    const keyId = randomUUID();
    await this.#fact(`key-${keyId}`, {
      type: 'ApiKeyCreated',
      data: {
        keyId,
        ownerId: this.ownerId,
        name: 'A key',
        prefix: key.slice(0, 10),
        hash: hash('sha256', key, 'hex'),
        permissions: ['inference'],
        at,
        ...more,
      },
    });
    return { key, keyId };
  }

  async revoke(keyId: string): Promise<void> {
    const data = { keyId, ownerId: this.ownerId, because: 'by-hand' as const, at };
    await this.#fact(`key-${keyId}`, { type: 'ApiKeyRevoked', data });
  }

  async settings(value: { inferenceOpen?: boolean; allowedOrigins?: string[] }): Promise<void> {
    await this.bus.bucket('SETTINGS', z.looseObject({})).put('gateway', value);
  }

  post(path: string, body: unknown, init: RequestInit & { key?: string } = {}): Promise<Response> {
    return fetch(this.url + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { authorization: `Bearer ${init.key ?? this.key}`, 'content-type': 'application/json', ...init.headers },
    });
  }

  chat(more: object = {}, init: RequestInit & { key?: string } = {}): Promise<Response> {
    return this.post(
      '/v1/chat/completions',
      { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], ...more },
      init,
    );
  }

  /** The end of a request, once it was told. */
  finished(requestId: string): Promise<RequestFinished['data']> {
    return until(
      () => this.ends().find((data) => data.requestId === requestId),
      (data) => data !== undefined,
      { withinMs: 15_000 },
    ) as Promise<RequestFinished['data']>;
  }

  ends(): RequestFinished['data'][] {
    return this.told.flatMap((event) => (event.type === 'RequestFinished' ? [event.data] : []));
  }

  async #listen(): Promise<void> {
    const nc = await connect({
      servers: new URL(this.nats.url).host,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    const subscription = nc.subscribe('muster.request.>', {
      callback: (_error, message) => {
        this.toldIds.push(message.headers?.get('ce-id') ?? '');
        this.told.push(fromRequestMessage(message.headers?.get('ce-facttype'), message.json()));
      },
    });
    await nc.flush();
    this.#ends.push(async () => {
      subscription.unsubscribe();
      await nc.close();
    });
  }

  async #account(): Promise<void> {
    const data = { accountId: this.ownerId, name: 'Zoë', permissions: ['fleet:view' as const], at };
    await this.#fact(`account-${this.ownerId}`, { type: 'AccountCreated', data });
  }

  async #fact(stream: string, event: NodeEvent | AccountEvent | ApiKeyEvent): Promise<void> {
    const area = stream.startsWith('node-') ? 'FLEET' : 'ACCESS';
    const last = this.#last.get(area);
    const id = randomUUID();
    const position = (last?.position ?? 0) + 1;
    const meta = { actor: { kind: 'gateway' as const, id: 'test', name: 'Test' }, commandId: id, correlationId: id };
    await this.bus.publishFact({ ...event, id, stream, version: position, position, at, meta } as Fact, {
      after: last?.id,
    });
    this.#last.set(area, { id, position });
  }
}

const executorOf = ({ model = 'tiny', slots = 4, kind = 'chat', state = 'online', asleep = false }: ServedModel) =>
  Executor.parse({
    executorId: model.replace(/[^a-z0-9]/g, '-'),
    model,
    state,
    kind,
    asleep,
    slots,
    inFlight: 0,
    queued: 0,
  });
