import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { type Bus, connectBus, seal } from '@muster/bus';
import {
  type Caller,
  type Certificate,
  type Fact,
  factFamilies,
  type HealthEvent,
  type NodeEvent,
  NodeState,
  SettingsState,
} from '@muster/contracts';
import { type RunningService, startService } from '@muster/service';
import { type TestDatabase, testDatabase, type TestNats, testNats, until } from '@muster/testing';
import { monitor } from './monitor.js';

type EventOf<Type extends NodeEvent['type']> = Omit<Extract<NodeEvent, { type: Type }>['data'], 'nodeId' | 'at'>;

export const accessKeyId = (accessKey: string): string =>
  createHash('sha256').update(accessKey).digest('hex').slice(0, 8);

export const newKey = () => randomBytes(32).toString('base64url');

export const person = (): Caller => ({
  actor: { kind: 'account', id: randomUUID(), name: 'ann' },
  permissions: ['fleet:view', 'nodes:manage'],
  commandId: randomUUID(),
  correlationId: randomUUID(),
});

/**
 * A monitor as it runs, on a real database and bus, with what the registry would say said by hand: the fleet's facts and
 * the access key. What the monitor tells of nodes is collected.
 */
export class Stage {
  readonly states = new Map<string, NodeState>();
  readonly facts: Fact<HealthEvent>[] = [];
  readonly log: string[] = [];
  accessKey = newKey();
  readonly #secret = newKey();
  /** On this machine, where the nodes of the tests are, unless a test says otherwise. */
  #settings: Partial<Omit<SettingsState, 'previousAccessKey'>> & {
    previousAccessKey?: SettingsState['previousAccessKey'] | undefined;
  } = {
    dial: { loopback: true, private: true, ports: { from: 1_024, to: 65_535 } },
  };
  readonly #versions = new Map<string, number>();
  readonly #monitors = new Set<RunningService>();
  #position = 0;
  #after: string | undefined;

  private constructor(
    readonly database: TestDatabase,
    readonly nats: TestNats,
    readonly bus: Bus,
  ) {}

  static async open(): Promise<Stage> {
    const [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const bus = await connectBus({ servers: nats.url, name: 'test' });
    await bus.assertStreams();
    const stage = new Stage(database, nats, bus);
    bus.bucket('NODES', NodeState).watch((change) => {
      if (change.change === 'put') stage.states.set(change.key, change.value);
      else stage.states.delete(change.key);
    });
    await bus.followFacts([factFamilies.health], (fact) => {
      stage.facts.push(fact);
    });
    await stage.setAccessKey(stage.accessKey);
    return stage;
  }

  async monitor(env: Record<string, string> = {}): Promise<RunningService> {
    const { log } = this;
    const running = await startService(monitor, {
      env: {
        NATS_URL: this.nats.url,
        DATABASE_URL: this.database.url,
        MUSTER_SECRET: this.#secret,
        MUSTER_DIAL_LOOPBACK: 'on',
        ...env,
      },
      logTo: new Writable({
        write(chunk: Buffer, _encoding, done) {
          log.push(chunk.toString());
          done();
        },
      }),
    });
    this.#monitors.add(running);
    return running;
  }

  /** What the registry says when the key is changed; with `former`, a rotation is on. */
  async setAccessKey(accessKey: string, former?: string): Promise<void> {
    this.accessKey = accessKey;
    this.#settings = {
      ...this.#settings,
      accessKey: this.#sealed(accessKey),
      previousAccessKey: former === undefined ? undefined : this.#sealed(former),
    };
    await this.#tellSettings();
  }

  async setDial(dial: SettingsState['dial']): Promise<void> {
    this.#settings = { ...this.#settings, dial };
    await this.#tellSettings();
  }

  #sealed(accessKey: string): SettingsState['accessKey'] {
    return { keyId: accessKeyId(accessKey), sealed: seal(this.#secret, accessKey) };
  }

  async #tellSettings(): Promise<void> {
    const { previousAccessKey, ...settings } = this.#settings;
    const former = previousAccessKey && { previousAccessKey };
    await this.bus
      .bucket('SETTINGS', SettingsState)
      .put('gateway', { accessKey: this.#sealed(this.accessKey), ...settings, ...former });
  }

  async say<Type extends NodeEvent['type']>(nodeId: string, type: Type, data: EventOf<Type>): Promise<void> {
    const version = (this.#versions.get(nodeId) ?? 0) + 1;
    this.#versions.set(nodeId, version);
    const at = new Date().toISOString();
    const fact = {
      type,
      data: { nodeId, ...data, at },
      id: randomUUID(),
      stream: `node-${nodeId}`,
      version,
      position: (this.#position += 1),
      at,
      meta: { actor: person().actor, commandId: randomUUID(), correlationId: randomUUID() },
    } as unknown as Fact<NodeEvent>;
    await this.bus.publishFact(fact, { after: this.#after });
    this.#after = fact.id;
  }

  /** A node as the wizard leaves it: registered, pinned, activated. */
  async register(
    node: { port: number; certificate: Certificate },
    nodeId: string = randomUUID(),
    host = '127.0.0.1',
  ): Promise<string> {
    await this.say(nodeId, 'NodeRegistered', {
      name: `node ${nodeId.slice(0, 8)}`,
      host,
      port: node.port,
      found: 'by-hand',
    });
    await this.say(nodeId, 'NodeCertificatePinned', { certificate: node.certificate });
    await this.say(nodeId, 'NodeActivated', {});
    return nodeId;
  }

  /** Waits for a node to be so, and returns its state then. */
  async sees(nodeId: string, reason: NodeState['status']['reason'], withinMs = 5_000): Promise<NodeState> {
    const state = await until(
      () => this.states.get(nodeId),
      (each) => each?.status.reason === reason,
      { withinMs },
    );
    if (state === undefined) throw new Error('There is no state');
    return state;
  }

  factsOf(nodeId: string): HealthEvent[] {
    return this.facts.filter(({ data }) => data.nodeId === nodeId);
  }

  async stopMonitors(): Promise<void> {
    await Promise.all([...this.#monitors].map((each) => each.stop()));
    this.#monitors.clear();
  }

  async close(): Promise<void> {
    await this.stopMonitors();
    await this.bus.close();
    await this.nats.stop();
    await this.database.drop();
  }
}
