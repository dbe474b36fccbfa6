import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import {
  boundedModels,
  type Certificate,
  Executor,
  type Hardware,
  type LogLevel,
  type Measurement,
  type Model,
  type ModelList,
  type NodeCondition,
  type NodeOrder,
  type NodeOutcome,
} from '@muster/contracts';
import {
  accessKeyId,
  type LinkServer,
  LogBuffer,
  makeCertificate,
  type OwnCertificate,
  protocolVersions,
  SampleBuffer,
  serveLinks,
} from '@muster/node-link';
import type * as z from 'zod/mini';
import { type ChooseScript, type InferenceScript, type SeenCall, SimulatedInference } from './simulated-inference.js';

const GIB = 1024 ** 3;

export interface SimulatedNodeOptions {
  /** A free one by default. */
  readonly port?: number;
  /** A random one by default. */
  readonly accessKey?: string;
  readonly certificate?: OwnCertificate;
  readonly name?: string;
  readonly hardware?: Partial<Hardware>;
  /** How often a sample is taken by itself; 0 for never: then `sample` takes one. 1,000 by default. */
  readonly everyMs?: number;
  /** The protocol versions it speaks. */
  readonly versions?: readonly number[];
}

/**
 * A node without a machine: the real TLS, handshake and frames of node-link with made-up figures, and a switch for each way
 * in which a node can go wrong. Listens on 127.0.0.1.
 */
export class SimulatedNode {
  readonly host = '127.0.0.1';
  readonly #options: SimulatedNodeOptions;
  #server!: LinkServer;
  #samples!: SampleBuffer;
  #log!: LogBuffer;
  #run = '';
  #port = 0;
  #certificate: OwnCertificate;
  #keys: readonly string[];
  #versions: readonly number[];
  #condition: NodeCondition = { condition: 'serving' };
  #executors: readonly Executor[] = [];
  #models: ModelList = boundedModels([]);
  #ticket = newTicket();
  #script: ChooseScript = () => ({});
  #carryOut: (order: NodeOrder) => NodeOutcome | Promise<NodeOutcome> = (order) => this.#obey(order);
  readonly #inference = new SimulatedInference({
    ticketHolds: (authorization) => this.#keys.some((key) => authorization === `Bearer ${this.ticketOf(key)}`),
    models: () => this.#executors.map(({ model }) => model),
    script: (call) => this.#script(call),
  });
  /** Every order that it carried out, in order. */
  readonly orders: NodeOrder[] = [];
  #hardware: Hardware;
  #sampling = true;
  #frozen = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: SimulatedNodeOptions, certificate: OwnCertificate) {
    this.#options = options;
    this.#certificate = certificate;
    this.#keys = [options.accessKey ?? randomBytes(32).toString('base64url')];
    this.#versions = options.versions ?? protocolVersions;
    this.#hardware = {
      hostname: options.name ?? 'simulated',
      platform: 'linux simulated',
      cpu: { model: 'Simulated CPU', cores: 8 },
      memoryTotalBytes: 32 * GIB,
      gpus: [{ index: 0, name: 'Simulated GPU', vendor: 'other', memoryTotalBytes: 24 * GIB, unifiedMemory: false }],
      ...options.hardware,
    };
  }

  static async start(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
    const node = new SimulatedNode(options, options.certificate ?? (await makeCertificate({ hostname: 'simulated' })));
    await node.#serve(options.port ?? 0);
    return node;
  }

  get port(): number {
    return this.#port;
  }

  /** The first of the keys that open a link. */
  get accessKey(): string {
    return this.#keys[0] ?? '';
  }

  get certificate(): Certificate {
    return { fingerprint: this.#certificate.fingerprint, pem: this.#certificate.certPem };
  }

  /** This life of the node. */
  get run(): string {
    return this.#run;
  }

  /** What inference calls carry under a key; under its first key unless told otherwise. */
  ticketOf(accessKey: string = this.accessKey): string {
    return `${this.#ticket}.${accessKeyId(accessKey)}`;
  }

  /** Every inference call that came with a ticket, in order. */
  get calls(): readonly SeenCall[] {
    return this.#inference.calls;
  }

  /** Inference calls in hand. */
  get inFlight(): number {
    return this.#inference.inFlight;
  }

  /** Answers inference by this script from now on, or by the one that is chosen for each call. */
  setInference(script: InferenceScript | ChooseScript): void {
    this.#script = typeof script === 'function' ? script : () => script;
  }

  setModels(...models: readonly Model[]): void {
    this.#models = boundedModels(models);
    this.#server.refresh();
  }

  /** Issues another ticket; the one of before no longer holds. */
  renewTicket(): void {
    this.#ticket = newTicket();
    this.#server.refresh();
  }

  /** Carries orders out like this from now on. By itself it does what it is told at once. */
  onOrder(carryOut: (order: NodeOrder) => NodeOutcome | Promise<NodeOutcome>): void {
    this.#carryOut = carryOut;
  }

  /** The links that are made at this moment. */
  get links(): number {
    return this.#server.links.size;
  }

  /** Takes one sample, as if it had been measured so long ago, and returns its number. */
  sample(measurement: Partial<Measurement> = {}, agoMs = 0): number {
    const beat = this.#samples.next;
    return this.#samples.add({
      takenMs: performance.now() - agoMs,
      measurement: {
        cpuPercent: 50 + 40 * Math.sin(beat / 10),
        memoryUsedBytes: 8 * GIB,
        memoryTotalBytes: this.#hardware.memoryTotalBytes,
        load: [1, 1, 1],
        gpus: this.#hardware.gpus.map(({ index, memoryTotalBytes }) => ({
          index,
          utilisationPercent: 30,
          ...(memoryTotalBytes === undefined ? {} : { memoryTotalBytes, memoryUsedBytes: 2 * GIB }),
        })),
        ...measurement,
      },
    });
  }

  /** Takes no more samples: the link stays, pongs are still sent. */
  pauseSamples(): void {
    this.#sampling = false;
  }

  resumeSamples(): void {
    this.#sampling = true;
  }

  /** Says nothing and hears nothing on any link, as a process that is stopped. Put a fault proxy in front to hold new ones up too. */
  freeze(): void {
    this.#frozen = true;
    for (const { socket } of this.#server.links) socket.pause();
  }

  thaw(): void {
    this.#frozen = false;
    for (const { socket } of this.#server.links) socket.resume();
  }

  /** Writes one line of its log and returns its number. */
  log(message: string, level: LogLevel = 'info', source = 'node'): number {
    return this.#log.add({ at: new Date().toISOString(), level, source, message });
  }

  /** Writes so many lines at once. */
  logBurst(lines: number, message = 'line'): void {
    for (let n = 1; n <= lines; n += 1) this.log(`${message} ${n}`);
  }

  /** Sends text, or a binary frame, on every link as it is: the way to break the protocol. */
  sendRaw(data: string | Buffer): void {
    for (const { socket } of this.#server.links) socket.send(data);
  }

  /** Cuts every link without a goodbye, as a network does. */
  dropLinks(): void {
    for (const link of [...this.#server.links]) link.terminate();
  }

  /** Opens links with these keys alone, and ends those that were made with another. */
  setAccessKeys(...keys: readonly string[]): void {
    this.#keys = keys;
    this.#server.dropOldKeys(keys.map(accessKeyId));
  }

  /** Speaks these protocol versions with whoever comes next. */
  setVersions(...versions: readonly number[]): void {
    this.#versions = versions;
  }

  setCondition(condition: NodeCondition): void {
    this.#condition = condition;
    this.#server.refresh();
  }

  /** What is left out of an executor has its default. */
  setExecutors(...executors: readonly z.input<typeof Executor>[]): void {
    this.#executors = executors.map((executor) => Executor.parse(executor));
    this.#server.refresh();
  }

  setHardware(hardware: Partial<Hardware>): void {
    this.#hardware = { ...this.#hardware, ...hardware };
    this.#server.refresh();
  }

  /** Shows another certificate to whoever comes next. */
  async newCertificate(): Promise<Certificate> {
    this.#certificate = await makeCertificate({ hostname: 'simulated' });
    this.#server.changeCertificate({ key: this.#certificate.keyPem, cert: this.#certificate.certPem });
    return this.certificate;
  }

  /** Says goodbye and closes the port. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#server.close();
  }

  /** Dies without a goodbye, as by kill -9. */
  async kill(): Promise<void> {
    clearInterval(this.#timer);
    this.dropLinks();
    await this.#server.close();
  }

  /** A new life on the same port, after `stop` or `kill`: another run, numbers from 1. */
  async comeBack(): Promise<void> {
    await this.#serve(this.#port);
  }

  /** An executor that is started is online at once; one that is stopped is offline. */
  #obey(order: NodeOrder): NodeOutcome {
    if (order.order === 'start') return this.#start(order);
    const found = this.#executors.find(({ executorId }) => executorId === order.executorId);
    if (found === undefined) return { outcome: 'refused', code: 'executor-unknown' };
    const { executorId, model } = found;
    if (order.order === 'read-last-lines') return { outcome: 'lines', lines: { executorId, lines: [] } };
    const state: Executor['state'] = order.order === 'stop' ? 'offline' : 'online';
    if (order.order !== 'cancel' && order.order !== 'configure')
      this.setExecutors(...this.#executors.map((each) => (each === found ? { ...each, state } : each)));
    return { outcome: 'done', done: { executorId, model, restartNeeded: order.order === 'configure' } };
  }

  #start({ modelId, parameters }: Extract<NodeOrder, { order: 'start' }>): NodeOutcome {
    const model = this.#models.models.find((each) => each.modelId === modelId);
    if (model === undefined) return { outcome: 'refused', code: 'model-unknown' };
    const { name, kind } = model;
    const executorId = modelId.replace(/[^A-Za-z0-9._-]/g, '-');
    const others = this.#executors.filter((each) => each.executorId !== executorId);
    const load = { slots: parameters?.slots ?? 1, inFlight: 0, queued: 0 };
    this.setExecutors(...others, { executorId, modelId, model: name, kind, state: 'online', ...load });
    return { outcome: 'done', done: { executorId, model: name, restartNeeded: false } };
  }

  async #serve(port: number): Promise<void> {
    this.#samples = new SampleBuffer();
    this.#log = new LogBuffer();
    this.#run = randomUUID();
    this.#frozen = false;
    const { name, everyMs = 1_000 } = this.#options;
    this.#server = serveLinks({
      tls: { key: this.#certificate.keyPem, cert: this.#certificate.certPem },
      accessKeys: () => this.#keys,
      versions: () => this.#versions,
      hello: () => ({
        version: '0.0.0-simulated',
        run: this.#run,
        ...(name === undefined ? {} : { name }),
        hardware: this.#hardware,
        condition: this.#condition,
        executors: [...this.#executors],
      }),
      samples: this.#samples,
      log: this.#log,
      models: () => this.#models,
      ticket: (keyId) => `${this.#ticket}.${keyId}`,
      order: (order) => {
        this.orders.push(order);
        return Promise.resolve(this.#carryOut(order));
      },
      http: this.#inference.listener,
      onLink: ({ socket }) => {
        if (this.#frozen) socket.pause();
      },
    });
    this.#port = await this.#server.listen(port, this.host);
    if (everyMs > 0) {
      this.#timer = setInterval(() => {
        if (this.#sampling && !this.#frozen) this.sample();
      }, everyMs);
    }
  }
}

const newTicket = (): string => `simulated-${randomBytes(16).toString('base64url')}`;

/** Simulated nodes, each on a port of its own, with one certificate and one access key among them, so that many are cheap. */
export async function simulatedFleet(
  size: number,
  options: SimulatedNodeOptions = {},
): Promise<{ nodes: readonly SimulatedNode[]; accessKey: string; stop(): Promise<void> }> {
  const certificate = options.certificate ?? (await makeCertificate({ hostname: 'simulated' }));
  const accessKey = options.accessKey ?? randomBytes(32).toString('base64url');
  const nodes = await Promise.all(
    Array.from({ length: size }, (_, n) =>
      SimulatedNode.start({ name: `simulated-${n + 1}`, ...options, certificate, accessKey }),
    ),
  );
  return { nodes, accessKey, stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))) };
}
