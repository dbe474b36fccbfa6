import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import {
  type Certificate,
  Executor,
  type Hardware,
  type LogLevel,
  type Measurement,
  type NodeCondition,
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

  /** The links that are made at this moment. */
  get links(): number {
    return this.#server.links.size;
  }

  /** Takes one sample and returns its number. */
  sample(measurement: Partial<Measurement> = {}): number {
    const beat = this.#samples.next;
    return this.#samples.add({
      takenMs: performance.now(),
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
