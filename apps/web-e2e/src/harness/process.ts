import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '@muster/testing';

/** A program under test: what it says is kept, and it can be ended in each of the ways in which programs end. */
export class Running {
  private readonly said: string[] = [];

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => this.said.push(chunk.toString('utf8')));
  }

  static start(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
    return new Running(spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get output(): string {
    return this.said.join('');
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The first match in what it says. Throws with all that it said when it ends or takes too long. */
  async says(pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    try {
      await until(() => pattern.test(this.output) || this.hasEnded, undefined, { withinMs });
    } catch {
      // Told below, with what it said instead.
    }
    const match = pattern.exec(this.output);
    if (match === null) throw new Error(`It did not say ${pattern}. It said:\n${this.output}`);
    return match;
  }

  /** Sends a signal and resolves with the exit code when it has ended. */
  async end(signal: NodeJS.Signals, withinMs = 60_000): Promise<number | null> {
    if (this.hasEnded) return this.child.exitCode;
    const ended = once(this.child, 'exit');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), withinMs);
    this.child.kill(signal);
    await ended;
    clearTimeout(timer);
    return this.child.exitCode;
  }
}
