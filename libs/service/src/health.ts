import { within } from '@muster/bus';
import { Controller, Get, HttpCode, Inject, Injectable, Res } from '@nestjs/common';

/** `degraded`: it works, but less of it; whoever routes traffic need not act. `down`: it cannot do its work. */
export interface CheckResult {
  readonly state: 'up' | 'degraded' | 'down';
  /** For a person. Never a secret, never foreign text. */
  readonly words?: string;
}

export interface Readiness {
  readonly status: 'up' | 'degraded' | 'down';
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** A check that takes longer than this counts as down. */
const CHECK_MS = 2_000;

/** What a service needs in order to do its work, each by its name. */
@Injectable()
export class Health {
  readonly #checks = new Map<string, () => CheckResult | Promise<CheckResult>>();
  #stage: 'starting' | 'serving' | 'stopping' = 'starting';

  /** Adds a check. It runs whenever somebody asks, so it should be cheap. */
  add(name: string, check: () => CheckResult | Promise<CheckResult>): void {
    if (this.#checks.has(name)) throw new Error(`There is a check ${name} already`);
    this.#checks.set(name, check);
  }

  enter(stage: 'serving' | 'stopping'): void {
    this.#stage = stage;
  }

  async ready(): Promise<Readiness> {
    const entries = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await outcome(check)] as const),
    );
    const checks: Record<string, CheckResult> = Object.fromEntries(entries);
    if (this.#stage !== 'serving') checks['service'] = { state: 'down', words: `The service is ${this.#stage}` };
    const states = Object.values(checks).map(({ state }) => state);
    const status = states.includes('down') ? 'down' : states.includes('degraded') ? 'degraded' : 'up';
    return { status, checks };
  }
}

async function outcome(check: () => CheckResult | Promise<CheckResult>): Promise<CheckResult> {
  try {
    return (
      (await within(CHECK_MS, Promise.resolve(check()))) ?? { state: 'down', words: `No answer in ${CHECK_MS} ms` }
    );
  } catch {
    return { state: 'down', words: 'The check failed' };
  }
}

/** The one thing of a response that is needed here; Express and others have it. */
interface StatusSetter {
  status(code: number): unknown;
}

/** `/health/live`: the process runs. `/health/ready`: it can do its work; 503 when a check is down. */
@Controller('health')
export class HealthController {
  constructor(@Inject(Health) private readonly health: Health) {}

  @Get('live')
  @HttpCode(200)
  live(): { status: 'up' } {
    return { status: 'up' };
  }

  @Get('ready')
  async ready(@Res({ passthrough: true }) response: StatusSetter): Promise<Readiness> {
    const readiness = await this.health.ready();
    response.status(readiness.status === 'down' ? 503 : 200);
    return readiness;
  }
}
