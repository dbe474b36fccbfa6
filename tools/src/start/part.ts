import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { listensItself } from '../process/listener.js';
import { CannotGoOn, say, wordsOf } from '../terminal.js';
import type { LogFile } from './log-file.js';
import type { Roster } from './roster.js';
import { getsStuck, type SignsOfLife } from './stuck.js';
import { whyItEnded } from './why.js';

export interface PartSpec {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly ids?: { uid: number; gid: number };
  /** What asks it to end in order. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** After this it is killed. */
  readonly stopWithinMs: number;
  /** The port it is to listen on, if any: ready is only who does so itself. */
  readonly port?: number;
  /** One look whether it is ready: resolves, or rejects with why not yet. */
  readonly ready: () => Promise<void>;
  readonly readyWithinMs: number;
  /** For a program that is known to hang: found stuck, it is killed and started again. */
  readonly signsOfLife?: SignsOfLife;
  /** What a person does when it cannot start. */
  readonly remedy: string;
}

const LOOK_EVERY_MS = 50;
const STEADY_MS = 60_000;
const BASE_MS = 500;
const CAP_MS = 15_000;

/** How long to wait before the `attempt`th start again, counted from 0: doubling from half a second to 15 s. */
export const restartDelayMs = (attempt: number): number => Math.min(CAP_MS, BASE_MS * 2 ** attempt);

/** One process of the system: started, watched, started again when it dies, stopped. Its output goes to its log. */
export class Part {
  private child: ChildProcess | undefined;
  private attempts = 0;
  private isReady = false;
  private readonly stopping = new AbortController();

  constructor(
    readonly spec: PartSpec,
    readonly log: LogFile,
    private readonly roster: Roster,
  ) {}

  /** Resolves when it is ready. Throws one line when it ends before that or takes too long; it is stopped then. */
  async start(): Promise<void> {
    try {
      await this.startOnce();
    } catch (error) {
      await this.stop();
      if (!(error instanceof CannotStart)) throw error;
      throw new CannotGoOn(
        `${this.spec.name} cannot start: ${error.message.replace(/\.$/, '')}. ${this.spec.remedy} Its log: ${this.log.path}`,
        { cause: error },
      );
    }
  }

  /** Sends the running process a signal; nothing while there is none. */
  signal(signal: NodeJS.Signals): void {
    if (this.isReady && this.child !== undefined && !hasEnded(this.child)) this.child.kill(signal);
  }

  /** Ends it in order, by force after its deadline. Resolves when it is gone and stays gone. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const child = this.child;
    if (child === undefined || hasEnded(child)) return;
    const ended = once(child, 'exit');
    child.kill(this.spec.stopSignal);
    const timer = setTimeout(() => {
      killGroup(child);
    }, this.spec.stopWithinMs);
    await ended;
    clearTimeout(timer);
  }

  private async startOnce(): Promise<void> {
    this.log.forget();
    const child = this.spawn();
    this.child = child;
    // The log is complete when its pipes are closed, not when the process has ended.
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => {
        resolve(wordsOf(error));
      });
      child.once('close', (code, signal) => {
        resolve(this.howItEnded(code, signal));
      });
    });
    const endedEarly = ended.then((how) => Promise.reject(new CannotStart(how)));
    endedEarly.catch(() => undefined);
    if (child.pid !== undefined) await this.roster.add(child.pid, this.spec.name, this.spec.stopSignal);
    await Promise.race([endedEarly, this.becomesReady(child.pid)]);
    this.isReady = true;

    const steady = setTimeout(() => {
      this.attempts = 0;
    }, STEADY_MS);
    const over = new AbortController();
    this.watch(child, over.signal);
    void ended.then((how) => {
      this.isReady = false;
      clearTimeout(steady);
      over.abort();
      this.comeBack(how);
    });
  }

  private spawn(): ChildProcess {
    const { file, args, env, ids } = this.spec;
    // A group of its own: Ctrl-C reaches this command alone, which then stops all in order.
    const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...ids });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.log.write(chunk);
      });
    child.once('exit', () => {
      // What it had started in its group ends with it.
      killGroup(child);
      if (child.pid !== undefined) this.roster.remove(child.pid);
    });
    return child;
  }

  private async becomesReady(pid: number | undefined): Promise<void> {
    const deadline = performance.now() + this.spec.readyWithinMs;
    let last: unknown;
    while (performance.now() < deadline) {
      try {
        const { ready, port } = this.spec;
        await ready();
        if (port === undefined || pid === undefined || (await listensItself(pid, port))) return;
        last = new Error(`somebody else answers on port ${port}`);
      } catch (error) {
        last = error;
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.stopping.signal });
    }
    throw new CannotStart(`not ready after ${this.spec.readyWithinMs / 1000} s (${wordsOf(last)})`);
  }

  private watch(child: ChildProcess, over: AbortSignal): void {
    const { name, signsOfLife } = this.spec;
    if (signsOfLife === undefined) return;
    getsStuck(signsOfLife, AbortSignal.any([over, this.stopping.signal])).then(
      () => {
        say(`${name} runs but does not answer any more: it is killed.`);
        killGroup(child);
      },
      () => undefined,
    );
  }

  private comeBack(how: string): void {
    if (this.stopping.signal.aborted) return;
    const delayMs = restartDelayMs(this.attempts);
    this.attempts += 1;
    say(`${this.spec.name} ended (${how}); starting it again in ${delayMs / 1000} s. Its log: ${this.log.path}`);
    void this.startAgain(delayMs);
  }

  private async startAgain(delayMs: number): Promise<void> {
    try {
      await sleep(delayMs, undefined, { signal: this.stopping.signal });
      await this.startOnce();
      say(`${this.spec.name} is back.`);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      if (this.child !== undefined && !hasEnded(this.child)) killGroup(this.child);
      this.comeBack(wordsOf(error));
    }
  }

  private howItEnded(code: number | null, signal: NodeJS.Signals | null): string {
    const why = whyItEnded(this.log.lastLines());
    const how = signal === null ? `exit code ${code}` : `ended by ${signal}`;
    return why === undefined ? how : `${how}: ${why}`;
  }
}

class CannotStart extends Error {}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}
