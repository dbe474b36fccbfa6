import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPortFree } from '../../start/ports.js';
import type { DrilledMuster, PartName } from '../muster.js';

const READY_WITHIN_MS = 60_000;
const FIRST_PORT = 8_400;

export type Service = Extract<PartName, 'registry' | 'monitor' | 'stats' | 'gateway' | 'router'>;

/** A further process of a service. */
export interface Instance {
  readonly service: Service;
  readonly port: number;
  /** What the process reads of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly process: ChildProcess;
}

/** Further processes beside those of a running system, each with the environment of the one that is there and a port of its own. */
export class Instances {
  readonly #all: Instance[] = [];

  constructor(
    private readonly root: string,
    private readonly muster: DrilledMuster,
  ) {}

  /** Resolves when it is ready. */
  async start(service: Service): Promise<Instance> {
    const env = await this.environmentOf(service);
    let port = (this.#all.at(-1)?.port ?? FIRST_PORT) + 1;
    while (!(await isPortFree(port))) port += 1;
    const program = join(this.root, `apps/${service}/dist/main.js`);
    const own = { ...env, PORT: String(port) };
    const child = spawn(process.execPath, [program], { env: own, stdio: ['ignore', 'ignore', 'inherit'] });
    const instance = { service, port, env: own, process: child };
    this.#all.push(instance);
    await this.#ready(instance);
    return instance;
  }

  /** The environment of the process that the system runs. Linux alone tells it. */
  async environmentOf(service: Service): Promise<Record<string, string>> {
    const pid = (await this.muster.pids()).get(service);
    if (pid === undefined) throw new Error(`${service} does not run`);
    const text = await readFile(`/proc/${pid}/environ`, 'utf8');
    const entries = text.split('\0').flatMap((line): [string, string][] => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    });
    return Object.fromEntries(entries);
  }

  async end(instance: Instance, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { process: child } = instance;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#all.map((each) => this.end(each, 'SIGKILL')));
  }

  async #ready({ port, process: child, service }: Instance): Promise<void> {
    const deadlineMs = performance.now() + READY_WITHIN_MS;
    while (performance.now() < deadlineMs && child.exitCode === null) {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(
        () => undefined,
      );
      if (answer?.status === 200) return;
      await sleep(100);
    }
    throw new Error(`A second ${service} did not become ready`);
  }
}
