import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import * as z from 'zod';
import { CannotGoOn } from '../terminal.js';
import type { Engine, Words } from './engine.js';

const HEALTHY_WITHIN_MS = 300_000;
const NAME = 'mustercheck';

const Services = z.object({ services: z.record(z.string(), z.object({ image: z.optional(z.string()) })) });

/** Each of Muster's own services that has an image. */
export const SERVICES = ['registry', 'monitor', 'stats', 'webhooks', 'gateway', 'router', 'node'] as const;

export interface StackOptions {
  readonly engine: Engine;
  readonly root: string;
  /** Added to docker-compose.yml: what a check needs beside. */
  readonly addition: object;
  /** Beside what compose:init writes. */
  readonly settings: Readonly<Record<string, string>>;
  /** The lines of the file that compose:init wrote. */
  readonly secrets: string;
}

/** The system in containers, as a project of its own: another one of this machine is not touched. */
export class Stack {
  private constructor(
    private readonly options: StackOptions,
    private readonly folder: string,
  ) {}

  static async prepare(options: StackOptions): Promise<Stack> {
    const folder = await mkdtemp(join(tmpdir(), 'muster-containers-'));
    const { settings, secrets, addition } = options;
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(folder, '.env'), `${secrets}${lines.join('')}`, { mode: 0o600 });
    await writeFile(join(folder, 'addition.yml'), JSON.stringify(addition));
    return new Stack(options, folder);
  }

  /** Resolves with what it wrote to stdout. */
  compose(...args: string[]): Promise<string> {
    const { engine, root } = this.options;
    return this.#run([
      ...engine.compose,
      ...['--project-name', NAME, '--project-directory', root, '--env-file', join(this.folder, '.env')],
      ...['-f', join(root, 'docker-compose.yml'), '-f', join(this.folder, 'addition.yml')],
      ...['--profile', 'node', ...args],
    ]);
  }

  docker(...args: string[]): Promise<string> {
    return this.#run([...this.options.engine.docker, ...args]);
  }

  /** Starts what is not there, in the given numbers, and resolves when all of it is healthy. */
  async up(scale: Readonly<Record<string, number>> = {}): Promise<void> {
    const scaled = Object.entries(scale).flatMap(([service, count]) => ['--scale', `${service}=${count}`]);
    await this.compose('up', '-d', ...scaled);
    await this.healthy();
  }

  /** The containers of a service that run, oldest first. */
  async containers(service: string): Promise<string[]> {
    const ids = (await this.compose('ps', '-q', service)).split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    const told = await this.docker('inspect', '--format', '{{.State.Running}} {{.Created}} {{.Id}}', ...ids);
    return told
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('true'))
      .sort()
      .map((line) => line.split(' ')[2] ?? '');
  }

  /** Resolves when every container that tells its health is well, and those that do not, run. */
  async healthy(): Promise<void> {
    const deadlineMs = performance.now() + HEALTHY_WITHIN_MS;
    let ill: string[] = ['none runs'];
    while (performance.now() < deadlineMs) {
      const ids = (await this.compose('ps', '-q')).split('\n').filter(Boolean);
      const format = '{{.Name}} {{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}';
      const told = ids.length === 0 ? '' : await this.docker('inspect', '--format', format, ...ids);
      const lines = told.trim().split('\n').filter(Boolean);
      ill = lines.filter((line) => !/ (?:healthy|running)$/.test(line));
      if (lines.length > 0 && ill.length === 0) return;
      await sleep(1_000);
    }
    const words = await Promise.all(ill.map((line) => this.#lastCheck(line.split(' ')[0] ?? '')));
    throw new CannotGoOn(`Not healthy within ${HEALTHY_WITHIN_MS / 1000} s: ${ill.join(', ')}. ${words.join(' ')}`);
  }

  /** What the newest health check of a container said. */
  async #lastCheck(name: string): Promise<string> {
    const format = '{{if .State.Health}}{{range .State.Health.Log}}{{.Output}}\n{{end}}{{end}}';
    const said = (await this.docker('inspect', '--format', format, name).catch(() => '')).trim().split('\n');
    return `${name} said: ${(said.at(-1) ?? '').slice(0, 300)}`;
  }

  /** The image that a service is started from, as docker-compose.yml names it. */
  async imageOf(service: string): Promise<string> {
    const { services } = Services.parse(parse(await this.compose('config')));
    const image = services[service]?.image;
    if (image === undefined) throw new Error(`docker-compose.yml names no image of ${service}`);
    return image;
  }

  /** Rows of a query of the database, each as the text of its columns. */
  async query(sql: string): Promise<string[][]> {
    const psql = ['psql', '-U', 'muster', '-d', 'muster', '--no-align', '--tuples-only', '--field-separator', '\t'];
    const text = await this.compose('exec', '-T', 'postgres', ...psql, '-c', sql);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'));
  }

  /** Takes everything down; its data too when told so. */
  async down(withData: boolean): Promise<void> {
    await this.compose('down', '--remove-orphans', ...(withData ? ['--volumes'] : []));
  }

  async forget(): Promise<void> {
    await this.down(true).catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }

  #run([file, ...args]: Words): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      let complaint = '';
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
      child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString('utf8')).slice(-4_000)));
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(out);
        else
          reject(
            new Error(`${file} ${args.slice(0, 12).join(' ')} … ended with ${code}:\n${complaint}${out.slice(-1_000)}`),
          );
      });
    });
  }
}
