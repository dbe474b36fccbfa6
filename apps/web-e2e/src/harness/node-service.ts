import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@muster/testing';
import { withoutEngine } from './muster.js';
import { Running } from './process.js';
import { freePort, listens } from './ports.js';

const program = join(import.meta.dirname, '../../../..', 'apps/node/dist/main.js');

/** A node service started by hand on a port of its own, as a person would on another machine. */
export class NodeService {
  private running: Running | undefined;

  private constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async start(accessKey: string, env: NodeJS.ProcessEnv = {}): Promise<NodeService> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-e2e-node-'));
    const node = new NodeService(folder, await freePort(), { ...withoutEngine, ...env });
    await node.useKey(accessKey);
    await node.start();
    return node;
  }

  /** Where it keeps all that it has; its models lie in `models` there. */
  get data(): string {
    return join(this.folder, 'data');
  }

  /** Puts another key into its key file. */
  async useKey(accessKey: string): Promise<void> {
    await writeFile(join(this.folder, 'access-key'), `${accessKey}\n`, { mode: 0o600 });
  }

  async start(): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--data', join(this.folder, 'data')];
    const key = ['--access-key-file', join(this.folder, 'access-key')];
    this.running = Running.start(process.execPath, [program, ...args, ...key], { NODE_OPTIONS: '', ...this.env });
    await until(() => listens(this.port), undefined, { withinMs: 20_000 });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.running?.end('SIGKILL');
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
